"""Where a value belongs: its pixel, and its indices counted back."""

import numpy as np

from tests.logs.log_lines import nanobragg, only, place
from tracekit.logs.log import Parsed


def test_the_pixel_of_the_line_goes_first() -> None:
    """Line, TRACE_CONFIG and file name are asked in this order."""
    name = "pixel_5_6.log"
    config = "TRACE_CONFIG: tracing pixel (spixel=3, fpixel=4)"
    omega = "TRACE_C_OMEGA: pixel=(1,2) subpixel=(0,0) omega_sr=1e-9"
    polar = "TRACE_C: polar 0.5"
    parsed = nanobragg(config, omega, polar, file=name)
    assert [place(e)["slow"] for e in parsed.events] == [
        (1, "index"),
        (3, "index"),
    ]
    assert place(only(nanobragg(polar, file=name)))["fast"] == (6, "index")
    unknown = nanobragg(polar)
    assert place(only(unknown))["slow"] == (0, "unknown")
    assert unknown.coverage[0].kind == "unknown"


def test_a_header_line_names_the_pixel_of_its_block() -> None:
    """``TRACE_C_TAP5: pixel 9 8`` holds for the TAP5 lines that follow."""
    parsed = nanobragg("TRACE_C_TAP5: pixel 9 8", "TRACE_C_TAP5: polar 0.5")
    assert place(only(parsed)) == {"slow": (9, "index"), "fast": (8, "index")}
    assert parsed.pixels.tolist() == [[9, 8]]
    assert np.array_equal(parsed.coverage[0].selected, [(9, 8)])


def sub_pixels(layers: int, oversample: int, count: int) -> Parsed:
    """A log with so many iterations of a nest."""
    return nanobragg(
        f"  sensor is 0.001 m thick in {layers} layers with mu= 2000",
        f"  {oversample}x{oversample} pixel oversample steps",
        *[
            "TRACE_C: pix0_vector_meters 0.1 0 0",
            "TRACE_C: R_distance_meters 1",
        ]
        * count,
    )


def test_iterations_are_counted_back() -> None:
    """Layer outermost, then the slow sub-pixel, then the fast one."""
    found = [
        tuple(place(event)[d][0] for d in ("layer", "sub_slow", "sub_fast"))
        for event in sub_pixels(2, 2, 8).events
        if event.tap == "R"
    ]
    assert found == list(np.ndindex(2, 2, 2))


def test_the_outermost_loop_counts_on() -> None:
    """More iterations than the nest has don't collide with the first ones."""
    last = sub_pixels(1, 2, 5).events[-1]
    assert place(last)["layer"] == (1, "counted")
    assert place(last)["sub_fast"] == (0, "counted")


def test_without_the_nest_only_one_iteration_has_a_place() -> None:
    """Several iterations without extents are known by their order alone."""
    start = "TRACE_C: pix0_vector_meters 0.1 0 0"
    line = "TRACE_C: R_distance_meters 1"
    single = nanobragg(start, line).events[-1]
    assert place(single)["sub_fast"] == (0, "counted")
    second = nanobragg(*[start, line] * 2).events[-1]
    assert place(second)["sub_fast"] == (1, "unknown")


def test_loops_that_are_never_counted_are_fixed() -> None:
    """Source, phi and mosaic domain are the first ones, always."""
    event = only(nanobragg("TRACE_C: hkl_frac 1 2 3"))
    for dim in ("source", "phi", "mosaic"):
        assert place(event)[dim] == (0, "fixed")


def test_a_new_run_in_one_file_starts_counting_again() -> None:
    """The program's banner resets what was counted."""
    start = "TRACE_C: pix0_vector_meters 0.1 0 0"
    banner = "nanoBragg nanocrystal diffraction simulator - James Holton"
    parsed = nanobragg(start, banner, start, "TRACE_C: R_distance_meters 1")
    assert place(parsed.events[-1])["sub_fast"] == (0, "counted")


def test_each_family_has_its_own_order_of_sub_pixels() -> None:
    """TAP4 prints the fast sub-pixel first, TAP5_HKL the slow one."""
    four = nanobragg("TRACE_C_TAP4: pixel 0 0 subpixel 1 0 source 0 h 1.5")
    five = nanobragg("TRACE_C_TAP5_HKL: subpixel=0 1 F_cell=100")
    for parsed in (four, five):
        where = place(only(parsed))
        assert where["sub_slow"] == (0, "index")
        assert where["sub_fast"] == (1, "index")
    assert only(four).quantum is not None
    assert np.asarray(only(four).quantum).tolist() == [-6]


def test_a_single_component_knows_which_one_it_is() -> None:
    """k_frac is hkl_frac's second component, at the phi step of its line."""
    parsed = nanobragg("TRACE_C_PHI phi_tic=3 phi_deg=0.6 k_frac=-3.5")
    k = parsed.events[-1]
    assert (k.tap, k.axes[-1].origin, k.axes[-1].extent) == ("hkl_frac", 1, 1)
    assert place(k)["phi"] == (3, "index")
    phi = parsed.events[0]
    assert (phi.tap, phi.unit, place(phi)) == (
        "phi",
        "degree",
        {"phi": (3, "index")},
    )


def test_what_a_log_must_have_depends_on_what_it_traced() -> None:
    """Only what this program prints in such a log can be missing."""
    square = "  parallelpiped xtal: 5x5x5 cells"
    needs = {d.tap: d.need for d in nanobragg(square).declared}
    assert needs["F_cell"] == "optional"
    traced = nanobragg(square, "TRACE_C: polar 1")
    needs = {d.tap: d.need for d in traced.declared}
    assert needs["rot_a"] == "optional"
    sampled = nanobragg(square, "TRACE_C: hkl_frac 1 2 3")
    needs = {d.tap: d.need for d in sampled.declared}
    assert needs["rot_a"] == "required"
    assert (needs["F_cell"], needs["F_latt"]) == ("required", "required")
    assert (needs["rotx"], needs["beam_center_m.X"]) == ("optional", "ignored")
    shape = "  gaussian xtal: 5x5x5 cells"
    needs = {
        d.tap: d.need for d in nanobragg(shape, "TRACE_C: polar 1").declared
    }
    assert needs["F_latt"] == "optional"


def test_a_value_that_this_run_does_not_use_is_optional() -> None:
    """The distance is required of the other side for the pivot BEAM only."""
    line = "TRACE_C:distance_m=0.1"
    around = {
        "optional": "pivoting detector around sample",
        "required": "pivoting detector around direct beam spot",
    }
    for need, prose in around.items():
        assert only(nanobragg(prose, line)).need == need
    assert only(nanobragg(line)).need == "required"


def test_an_index_in_the_prefix_is_the_only_one_reported() -> None:
    """TRACE_C_SOURCE2 says nothing about the sources 0 and 1."""
    event = only(nanobragg("TRACE_C_SOURCE2: F_cell 205.39"))
    assert (event.tap, event.unit) == ("F_cell", "electron")
    assert place(event)["source"] == (2, "fixed")
