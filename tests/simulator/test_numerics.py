"""The operations that both ways of running share."""

import numpy as np
import torch

from simulator.numerics import _compiled_sine, sqrt


def test_the_compiled_sine_is_within_two_ulps_of_one() -> None:
    """Up to 5e7 and beside multiples of pi it is the long double's sine."""
    rng = np.random.default_rng(0)
    turns = rng.integers(-15_900_000, 15_900_000, 100_000)
    x = np.concatenate([rng.uniform(-5e7, 5e7, 100_000), turns * np.pi])
    sine = _compiled_sine(torch.from_numpy(x)).numpy()
    error = np.abs(sine - np.sin(x.astype(np.longdouble)))
    assert error.max() < 2**-51


def test_roots_have_the_same_bits_where_they_replace_their_squares() -> None:
    """Correctly rounded as NumPy's; only what may be overwritten is."""
    x = torch.from_numpy(np.random.default_rng(0).uniform(0, 1e3, 10_001))
    kept, roots = x.clone(), np.sqrt(x.numpy())
    assert np.array_equal(sqrt(x).numpy(), roots)
    assert torch.equal(x, kept)
    overwritten = sqrt(x, overwrite=True)
    assert np.array_equal(overwritten.numpy(), roots)
    assert overwritten.data_ptr() == x.data_ptr()
