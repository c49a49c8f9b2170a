"""What a run states of itself: configuration values and run-level taps."""

from __future__ import annotations

import torch

from simulator.numerics import plain
from simulator.scene import R_E_SQR, Scene
from simulator.units import RTD
from tracekit import config, tap


def state_problem(scene: Scene) -> None:
    """State the configuration; the scene in full precision."""
    _state_beam(scene)
    _state_detector(scene)
    _state_crystal(scene)
    _state_sampling(scene)


def tap_shared(scene: Scene) -> None:
    """Show the values that all samples share; the scene as computed with."""
    _tap_detector(scene)
    _tap_crystal_and_beam(scene)


def _state_beam(scene: Scene) -> None:
    beam = scene.beam
    config("wavelength", plain(beam.central_wavelength), "m")
    config("fluence", beam.fluence, "photon/m^2")
    config("polarization_factor", beam.polarization_factor)
    config("polarized", int(beam.polarized))
    config("sources", beam.sources)
    config("divergence_steps", beam.divergence_steps)
    config("wavelength_steps", beam.wavelength_steps)
    config("dispersion", beam.dispersion * 100.0, "percent")


def _state_detector(scene: Scene) -> None:
    detector, centre = scene.detector, scene.detector.centre
    config("convention", scene.detector.convention)
    config("pivot", detector.pivot.upper())
    config("distance", plain(detector.distance), "m")
    config("close_distance", plain(detector.close_distance), "m")
    config("detector_fast", detector.pixels_fast)
    config("detector_slow", detector.pixels_slow)
    config("detector_extent_fast", detector.extent_fast, "m")
    config("detector_extent_slow", detector.extent_slow, "m")
    config("pixel_size", detector.pixel_size, "m")
    for name in ("Xbeam", "Ybeam", "Xclose", "Yclose", "Fbeam", "Sbeam"):
        config(name, plain(getattr(centre, name)), "m", decisive=False)
    config("Fclose", plain(detector.Fclose), "m")
    config("Sclose", plain(detector.Sclose), "m")
    config("layers", detector.layers)
    config("sensor_thickness", detector.thickness, "m")
    config("curved_detector", int(detector.curved))
    config("point_pixel", int(detector.point_pixel))


def _state_crystal(scene: Scene) -> None:
    crystal, factors = scene.crystal, scene.factors
    for name, edge in zip("abc", crystal.cell.edges, strict=True):
        config(f"cell_{name}", edge * 1e10, "angstrom")
    names = ("alpha", "beta", "gamma")
    for name, angle in zip(names, crystal.cell.angles, strict=True):
        config(f"cell_{name}", angle, "degree")
    for name, count in zip("abc", crystal.cells, strict=True):
        config(f"N_{name}", count)
    config("crystal_shape", crystal.shape)
    config("fudge", crystal.fudge)
    config("mosaic_domains", len(crystal.mosaic))
    config("mosaic_spread", crystal.mosaic_spread * RTD, "degree")
    config("phi_start", crystal.phi_start * RTD, "degree")
    config("phi_end", crystal.phi_end * RTD, "degree")
    config("phi_steps", len(crystal.phi))
    config("hkls", factors.count)
    config("structure_factors", factors.source)
    config("Fdump_read", int(factors.source == "Fdump.bin"))
    config("default_F", plain(factors.default_F), "electron")
    config("interpolation", int(factors.asked_interpolation))


def _state_sampling(scene: Scene) -> None:
    fast_min, fast_max, slow_min, slow_max = scene.roi
    config("oversample", scene.oversample)
    config("steps", scene.steps)
    config("roi_fast_min", fast_min)
    config("roi_fast_max", fast_max)
    config("roi_slow_min", slow_min)
    config("roi_slow_max", slow_max)
    config("water_size", scene.water_size, "m")
    config("dmin", scene.dmin, "m")
    config("quirks", " ".join(scene.quirks.on) or "none")


def _tap_detector(scene: Scene) -> None:
    detector, centre = scene.detector, scene.detector.centre
    tap(detector.fast, "fdet_vec", "xyz", unit="1")
    tap(detector.slow, "sdet_vec", "xyz", unit="1")
    tap(detector.normal, "odet_vec", "xyz", unit="1")
    tap(detector.axes.twotheta, "twotheta_axis", "xyz", unit="1")
    tap(detector.pix0, "pix0_vector", "xyz", unit="m")
    tap(detector.close_distance, "close_distance", unit="m")
    if detector.pivot == "beam":
        tap(centre.Fbeam, "Fbeam", unit="m")
        tap(centre.Sbeam, "Sbeam", unit="m")
        tap(detector.placed_distance, "distance", unit="m")
    else:
        tap(centre.Fclose, "Fclose", unit="m")
        tap(centre.Sclose, "Sclose", unit="m")
    for name, angle in zip("xyz", detector.angles, strict=True):
        tap(angle, f"rot{name}", unit="rad")
    tap(detector.twotheta, "twotheta", unit="rad")


def _tap_crystal_and_beam(scene: Scene) -> None:
    crystal, beam = scene.crystal, scene.beam
    for name, star in zip("abc", crystal.cell.reciprocal, strict=True):
        tap(star, f"{name}_star", "xyz", unit="1/angstrom")
    tap(R_E_SQR, "r_e_sqr", unit="m^2")
    tap(beam.fluence, "fluence", unit="photon/m^2")
    tap(scene.steps, "steps", unit="1")
    tap(int(scene.oversample_thick), "oversample_thick", unit="1")
    tap(int(scene.oversample_polar), "oversample_polar", unit="1")
    tap(int(scene.oversample_omega), "oversample_omega", unit="1")
    tap(scene.background, "water_background", unit="1")
    if scene.factors.bounds is not None:
        low, high = torch.tensor(scene.factors.bounds).T
        tap(low, "hkl_min", "hkl", unit="1")
        tap(high, "hkl_max", "hkl", unit="1")
    tap(crystal.phi, "phi", "phi", unit="rad")
    tap(beam.incident.T, "incident_vec", "source xyz", unit="1")
    tap(beam.wavelength, "wavelength", "source", unit="m")
    if not crystal.carries:
        for name, v in zip("abc", crystal.turned, strict=True):
            tap(v.permute(1, 2, 0), f"rot_{name}", "phi mosaic xyz", unit="m")
