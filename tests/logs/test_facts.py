"""Facts about a run that stand in prose."""

from tests.logs.log_lines import nanobragg, only

PROSE = """\
mosflm convention selected.
pivoting detector around direct beam spot
auto-selected no interpolation
Unit Cell: 70 80 90 75.0391 85.0136 95.0081
reading Fs from Fdump.bin
  173166 initialized hkls (all others =100)
  parallelpiped xtal: 4x5x6 cells
  wave=1.1e-10 meters +/- 2% in 3 steps
  Kahn polarization factor: 0.700000
  incident fluence: 1.25932e+29 photons/m^2
  distance=0.1 detsize=0.0096x0.0064  pixel=0.0001 meters (96x64 pixels)
  sensor is 0.0003 m thick in 2 layers with mu= 2000
  Xbeam=0.0031 Ybeam=0.0027
  Fclose=0.00246162 Sclose=0.00332014
  roi: 0 < x < 96 && 10 < y < 64
  1 sources
  2 mosaic domains over mosaic spread of 0.3 degrees
  2 phi steps from 7 to 7.4 degrees
  2x2 pixel oversample steps +thick"""


def facts(*lines: str) -> dict[str, float | str | None]:
    """The configuration of a log, numbers as numbers."""
    return {
        fact.key: fact.text if fact.value is None else fact.value
        for fact in nanobragg(*lines).config
    }


def test_facts_that_stand_in_prose_alone() -> None:
    """What the program announces in words becomes configuration values."""
    found = facts(*PROSE.splitlines())
    wanted: dict[str, float | str] = {
        "convention": "MOSFLM",
        "pivot": "BEAM",
        "interpolation": 0,
        "cell_beta": 85.0136,
        "structure_factors": "Fdump.bin",
        "Fdump_read": 1,
        "hkls": 173166,
        "default_F": 100,
        "crystal_shape": "square",
        "N_c": 6,
        "wavelength": 1.1e-10,
        "dispersion": 2,
        "wavelength_steps": 3,
        "polarization_factor": 0.7,
        "polarized": 1,
        "fluence": 1.25932e29,
        "distance": 0.1,
        "detector_extent_fast": 0.0096,
        "detector_slow": 64,
        "pixel_size": 1e-4,
        "layers": 2,
        "sensor_thickness": 3e-4,
        "Xbeam": 0.0031,
        "Sclose": 0.00332014,
        "roi_fast_max": 96,
        "roi_slow_min": 10,
        "sources": 1,
        "mosaic_spread": 0.3,
        "phi_end": 7.4,
        "oversample": 2,
    }
    assert {key: found[key] for key in wanted} == wanted


def test_facts_keep_their_printed_precision() -> None:
    """1.25932e+29 is known to six digits, a count exactly."""
    by_key = {f.key: f for f in nanobragg(*PROSE.splitlines()).config}
    assert (by_key["fluence"].digits, by_key["fluence"].quantum) == (6, 24)
    assert by_key["fluence"].unit == "photon/m^2"
    assert by_key["hkls"].quantum is None
    assert by_key["hkls"].origin == "c.log:6"
    assert not by_key["Xbeam"].decisive


def test_silence_states_a_fact_only_beside_its_witness() -> None:
    """Silence about Fdump.bin means nothing in a log that was cut."""
    found = facts("  0 initialized hkls (all others =100)")
    assert (found["Fdump_read"], found["structure_factors"]) == (0, "none")
    assert "Fdump_read" not in facts("TRACE_C: polar 1")


def test_steps_are_a_tap_and_a_fact() -> None:
    """The number of steps stands in the trace alone and decides as well."""
    parsed = nanobragg("TRACE_C: steps 16")
    assert only(parsed).tap == "steps"
    assert parsed.config[0].value == 16


def test_files_that_the_log_names() -> None:
    """A stale dump is a side file, an hkl file an input."""
    parsed = nanobragg(
        "reading Fs from Fdump.bin",
        "re-reading holes.hkl",
        "reading A.mat",
        "writing dump file for next time: Fdump.bin",
    )
    assert [(use.name, use.role) for use in parsed.files] == [
        ("Fdump.bin", "side"),
        ("holes.hkl", "input"),
        ("A.mat", "input"),
        ("Fdump.bin", "output"),
    ]
