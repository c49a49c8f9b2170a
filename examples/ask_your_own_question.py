"""Your own SQL on two traces: how does the error grow along a loop?"""

import numpy as np

import tracekit as tk


def accumulate(step: np.floating) -> tk.Trace:
    """Add a number up a hundred times, in the number's own precision."""
    total = step - step
    with tk.record() as recording:
        for phi in range(100):
            with tk.scope("phi", phi=phi):
                total = tk.tap(total + step, "total")
    return recording.trace


def main() -> None:
    """Ask DuckDB for the error at every twentieth step."""
    con = tk.connect(
        actual=accumulate(np.float32(0.1)),
        expected=accumulate(np.float64(0.1)),
    )
    print(
        con.sql(
            "SELECT e.coordinate['phi'] AS phi, a.value - e.value AS error "
            "FROM element AS a JOIN element AS e "
            "USING (tap, coordinate) "
            "WHERE a.side = 'actual' AND e.side = 'expected' "
            "AND e.coordinate['phi'] % 20 = 19 ORDER BY phi"
        )
    )


if __name__ == "__main__":
    main()
