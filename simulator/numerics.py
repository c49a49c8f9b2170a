"""Square roots and circular functions that round as the C library's do.

Eager ``torch.sqrt`` calls MKL's vector library on CPUs; in float64 it is one
ulp off in 1 to 2 % of all values, where IEEE 754 (and C, NumPy, CUDA and
compiled torch) demand the correctly rounded root. A path length that is one
ulp off moves a Miller index by 1e-16 |a|/lambda, which near a node of the
lattice sum costs 1e-11 of a pixel. ``sqrt`` therefore goes through NumPy on
the same memory, with its own derivative. Under ``torch.compile`` it is the
plain operation: the compiled root is exact.

The functions of single numbers (angles of the set-up) call the C library
through ``math``, so that the set-up has the bits of the C program. The many
sines of the samples are ``torch.sin``: correctly rounded in 99.8 % of values
and the same in every lane, so that a pixel has one value however the image
was cut into blocks; in compiled code they are a polynomial. Nothing here
uses a fused multiply-add.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function, forward_ad

__all__ = ["cos", "followed", "plain", "sin", "sines_", "sqrt"]


class _Root(Function):
    """The correctly rounded square root of a CPU tensor."""

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return torch.from_numpy(np.asarray(np.sqrt(x.detach().numpy())))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        del inputs
        ctx.save_for_backward(output)
        ctx.save_for_forward(output)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (root,) = ctx.saved_tensors
        slope: Tensor = grads[0] / (2.0 * root)
        return slope

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> Tensor:
        (root,) = ctx.saved_tensors
        slope: Tensor = tangents[0] / (2.0 * root)
        return slope

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None], x: Tensor
    ) -> tuple[Tensor, int | None]:
        del info
        return sqrt(x), in_dims[0]


class _Circular(Function):
    """The C library's sine (shift 0) or cosine (shift 1) of a few numbers."""

    @staticmethod
    def forward(x: Tensor, shift: int) -> Tensor:
        function = (math.sin, math.cos)[shift]
        numbers = [function(v) for v in x.detach().flatten().tolist()]
        return x.new_tensor(numbers).reshape(x.shape)

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, int], output: Tensor
    ) -> None:
        del output
        ctx.save_for_backward(inputs[0])
        ctx.shift = inputs[1]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        slope = -sin(x) if ctx.shift else cos(x)
        return grads[0] * slope, None


def plain(x: float | Tensor) -> float:
    """A single number without its gradient, for a decision or a text."""
    return float(x.detach()) if isinstance(x, Tensor) else float(x)


def sines_(x: Tensor) -> Tensor:
    """The sines of many samples, of any shape, dtype and device.

    They replace x, for fresh memory is far from the cache.
    """
    double_cpu = x.dtype == torch.float64 and x.device.type == "cpu"
    if torch.compiler.is_compiling() and double_cpu:
        return _compiled_sine(x)
    return x.sin_()


# pi in three parts: multiples of the first two are exact up to 2^24.
_PI = (3.141592651605606, 1.9841871548575973e-09, 4.503483548312435e-18)
# (sin(r) - r)/r^3 in powers of r^2 for |r| <= pi/2, to 3e-19 of sin(r)
_SINE = (
    2.7210848327482683e-15, -7.642983103648793e-13, 1.6058939390659038e-10,
    -2.5052106866676603e-08, 2.755731921107204e-06, -0.0001984126984120885,
    0.008333333333333193, -0.16666666666666666,
)  # fmt: skip


def _compiled_sine(x: Tensor) -> Tensor:
    """The sine in operations that fuse into one loop with all others.

    Inductor's own takes three times as long. The argument is brought near 0
    by a whole number of half turns. For |x| < 5e7, where a Miller index times
    the cells is 2^24, the error is below two ulps of 1 (2^-51).
    """
    turns = torch.round(x * (1.0 / math.pi))
    r = ((x - turns * _PI[0]) - turns * _PI[1]) - turns * _PI[2]
    square = r * r
    series = torch.full_like(square, _SINE[0])
    for coefficient in _SINE[1:]:
        series = series * square + coefficient
    half = turns * 0.5
    sign = 1.0 - 4.0 * (half - torch.floor(half))
    return (r * square * series + r) * sign


def sqrt(x: Tensor, *, overwrite: bool = False) -> Tensor:
    """The square root, correctly rounded, of any shape, dtype and device.

    Args:
        x: not negative.
        overwrite: whether the roots may replace x.
    """
    if torch.compiler.is_compiling() or x.device.type != "cpu":
        return torch.sqrt(x)
    if not followed(x):
        numbers = x.numpy()
        out = numbers if overwrite else None
        return torch.from_numpy(np.asarray(np.sqrt(numbers, out=out)))
    root: Tensor = _Root.apply(x)  # type: ignore[no-untyped-call]
    return root


def _tangent(x: Tensor) -> Tensor | None:
    """What forward-mode differentiation has attached to a tensor."""
    dual = forward_ad.unpack_dual(x)  # type: ignore[no-untyped-call]
    tangent: Tensor | None = dual.tangent
    return tangent


def followed(x: Tensor) -> bool:
    """Whether a derivative, or a function transform, follows a tensor."""
    return (
        x.requires_grad
        or torch._C._are_functorch_transforms_active()  # noqa: SLF001
        or _tangent(x) is not None
    )


def sin(x: Tensor) -> Tensor:
    """The C library's sine of a few numbers of the set-up, in radian."""
    sine: Tensor = _Circular.apply(x, 0)  # type: ignore[no-untyped-call]
    return sine


def cos(x: Tensor) -> Tensor:
    """The C library's cosine of a few numbers of the set-up, in radian."""
    cosine: Tensor = _Circular.apply(x, 1)  # type: ignore[no-untyped-call]
    return cosine
