"""The C program's images are the real program's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.simulator.reference_runs import (
    CASES,
    CUBIC,
    LOOPS,
    NAMES,
    TILTED,
    WORKED,
    needs_shared,
    prepared,
    simulated,
)

# From images of the real program: options, pixel (slow, fast), its photons,
# the image's sum and its maximum.
NUMBERS = [
    (WORKED + " -oversample 1", (10, 52), 1.9067409893543055,
     5394.872507392078, 140.11700032443792),
    (WORKED + LOOPS + " -oversample 2", (10, 52), 0.6856861181833969,
     2680.293935071961, 59.62940655948898),
    (TILTED + " -denzo -Xbeam 3.0 -Ybeam 2.7", (49, 4), 137.54359232006698,
     9574.6054340732, 137.54359232006698),
    (TILTED + " -adxv -Xbeam 3.0 -Ybeam 2.7 -detector_rotx 1", (49, 28),
     142.97034185247838, 24050.46353002128, 142.97034185247838),
    (TILTED + " -detpixels 128 -xds -ORGX 60.2 -ORGY 71.7 -detector_rotx 4"
     " -detector_roty -3 -detector_rotz 7 -twotheta 12", (104, 52),
     151.14600614271828, 14937.91091497236, 151.14600614271828),
    (TILTED + " -beam_vector 0 0 1 -fdet_vector 1 0 0 -sdet_vector 0 -1 0"
     " -odet_vector 0 0 1 -pivot sample -Xclose 3.05 -Yclose 3.35"
     " -detector_roty 10 -twotheta_axis 0 1 0 -twotheta 20", (33, 50),
     126.1783219471946, 5134.970630673217, 126.1783219471946),
    (TILTED + " -misset random -misset_seed 42", (20, 49),
     136.09125962303563, 7064.252992984983, 136.09125962303563),
    (TILTED + " -gauss_xtal -misset 3 5 7", (42, 21), 156.08030157103406,
     238022.11014148686, 156.08030157103406),
    (TILTED + " -round_xtal", (52, 10), 75.49631533143409,
     7325.661470957578, 75.49631533143409),
    (CUBIC + " -hdivrange 1 -vdivrange 0.8 -hdivsteps 3 -vdivsteps 3"
     " -dispersion 2 -dispsteps 3", (32, 32), 95.24762196294559,
     25096.694043131007, 95.24762196294593),
    (CUBIC + " -phi 0 -osc 1 -phisteps 5", (33, 32), 104.36391455462245,
     24859.121287678667, 104.3639145546229),
    (CUBIC + " -pixel 1.0 -oversample 2 -detector_abs 500 -detector_thick"
     " 450 -detector_thicksteps 3 -oversample_thick", (9, 9),
     412.43607230306856, 15552.291285913925, 412.43607230306856),
    (CUBIC + " -pixel 1.0 -dmin 5", (14, 25), 28.716301190641236,
     3269.8285329639384, 28.716301190643623),
    (CUBIC + " -flux 1e12 -exposure 0.5 -beamsize 0.2", (32, 32),
     1.0359141024801665e-08, 2.5095038444270785e-06, 1.0359141024801747e-08),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "pixel", "photons", "total", "maximum"), NUMBERS
)
def test_numbers_of_the_real_program(
    options: str,
    pixel: tuple[int, int],
    photons: float,
    total: float,
    maximum: float,
    tmp_path: Path,
    kept: Path,
) -> None:
    """A pixel, the sum and the maximum agree where no case is at hand."""
    image = simulated(options, tmp_path, kept)
    assert abs(image[pixel] - photons) <= 1e-12 * maximum
    assert image.sum() == pytest.approx(total, rel=1e-12, abs=0)
    assert image.max() == pytest.approx(maximum, rel=1e-12, abs=0)


@needs_shared
@pytest.mark.parametrize("name", NAMES)
def test_images_of_the_real_program(
    name: str, tmp_path: Path, kept: Path
) -> None:
    """Every pixel is within 1e-12 of the real image's maximum."""
    expected = np.load(CASES / name / "image.npy")
    actual = simulated(prepared(name, tmp_path), tmp_path, kept)
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= 1e-12 * expected.max()
    if (CASES / name / "Fdump.bin").exists():
        dump = (tmp_path / "Fdump.bin").read_bytes()
        assert dump == (CASES / name / "Fdump.bin").read_bytes()
