"""Tap a function, record two of its pixels, and read what was recorded."""

import torch

import tracekit as tk


@tk.traced(dims="slow fast", unit="1/m^2")
def diffract(
    pixel_pos: torch.Tensor, incident: torch.Tensor, wavelength: float
) -> torch.Tensor:
    """Squared length of the scattering vector, "slow fast" in 1/m^2."""
    R = tk.tap(pixel_pos.norm(dim=-1), "R", "slow fast", unit="m")
    direction = pixel_pos / R[..., None]
    q = tk.tap(
        (direction - incident) / wavelength, "q", "slow fast xyz", unit="1/m"
    )
    squared: torch.Tensor = q.square().sum(-1)
    return squared


def main() -> None:
    """Record the edge and the centre of a 64 x 64 detector."""
    steps = torch.arange(64, dtype=torch.float64) * 1e-4 - 3.2e-3
    slow, fast = torch.meshgrid(steps, steps, indexing="ij")
    pixel_pos = torch.stack([torch.full_like(slow, 0.1), -slow, fast], -1)
    incident = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)

    with tk.record(pixels=[(0, 0), (32, 32)]) as recording:
        diffract(pixel_pos, incident, wavelength=1e-10)

    con = tk.connect(trace=recording.trace)
    print(con.sql("SELECT tap, slow, fast, label, value, unit FROM element"))


if __name__ == "__main__":
    main()
