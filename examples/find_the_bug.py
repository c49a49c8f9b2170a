"""A port that takes the wavelength in angstrom: one call finds where."""

import numpy as np

import tracekit as tk


def simulate(wavelength: float) -> tk.Trace:
    """Record a two-step program; wavelength in m."""
    pixel_pos = np.array([[0.1, -0.003, 0.002], [0.1, 0.0, 0.0]])
    with tk.record() as recording:
        tk.config("distance", 0.1, "m")
        R = tk.tap(np.linalg.norm(pixel_pos, axis=-1), "R", "fast", unit="m")
        s = (pixel_pos / R[:, None] - [1, 0, 0]) / wavelength
        tk.tap(s, "scattering_vec", "fast xyz", unit="1/m")
        tk.tap(s @ np.array([1e-8, 0, 0]), "h", "fast", unit="1")
    return recording.trace


def main() -> None:
    """Compare the port with the program that it was ported from."""
    port = simulate(wavelength=1.0)
    original = simulate(wavelength=1e-10)
    print(tk.compare(port, original))


if __name__ == "__main__":
    main()
