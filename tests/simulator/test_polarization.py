"""Kahn's factor where its angle has no direction."""

import pytest
import torch
from torch import Tensor

from simulator.fields import Field, unit
from simulator.polarization import polarization_factor


def _field(*components: float, dtype: torch.dtype) -> Field:
    x, y, z = (torch.tensor([c], dtype=dtype) for c in components)
    return x, y, z


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kahn", [-1.0, 0.0, 0.5, 1.0])
def test_the_factor_in_the_beam_is_one(
    kahn: float, dtype: torch.dtype
) -> None:
    """Without a NaN, in the value and in the gradient."""
    beam = _field(1.0, 0.0, 0.0, dtype=dtype)
    axis = _field(0.0, 0.0, 1.0, dtype=dtype)

    def factor(x: Tensor) -> Tensor:
        return polarization_factor(kahn, beam, (x, *beam[1:]), axis)

    x = beam[0].clone().requires_grad_()
    found = factor(x)
    assert found.item() == 1.0
    (slope,) = torch.autograd.grad(found.sum(), x)
    assert torch.isfinite(slope).all()


@pytest.mark.parametrize("kahn", [-1.0, 0.5, 1.0])
def test_the_factor_at_a_right_angle(kahn: float) -> None:
    """It is (1 - kahn)/2 along the axis and (1 + kahn)/2 across it."""
    beam = _field(1.0, 0.0, 0.0, dtype=torch.float64)
    axis = _field(0.0, 0.0, 1.0, dtype=torch.float64)
    across = _field(0.0, 1.0, 0.0, dtype=torch.float64)
    factors = {
        polarization_factor(kahn, beam, d, axis).item() for d in (axis, across)
    }
    assert factors == {0.5 * (1.0 - kahn), 0.5 * (1.0 + kahn)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_vector_without_a_length_stays(dtype: torch.dtype) -> None:
    """Zero divided by its length is zero, and no NaN."""
    assert [c.item() for c in unit(_field(0, 0, 0, dtype=dtype))] == [0, 0, 0]
