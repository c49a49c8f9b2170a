"""tracekit.h, tried with real compilers: what C prints, Python reads back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import tracekit as tk
from tests.helpers import about, cells, labels, stored
from tests.native.c_programs import CXX, C, compiled, has, ran, told
from tracekit.native import FOLDER, HEADER
from tracekit.open import as_trace

ALL = r"""
#include "tracekit.h"
#include <math.h>
int main(void)
{
    const double q[3] = {0.1, -0.0, 5e-324}, U[6] = {1, 2, 3, 4, 5, 6};
    const int hkl[3] = {1, -2, 3};
    const unsigned long long big = 18446744073709551615ULL;
    const long long low = -9223372036854775807LL - 1;
    static double T[20 * 30];
    for (int i = 0; i < 600; i++)
        T[i] = i / 3.0;
    TK_CONFIG("wavelength", 1e-10, "m");
    TK_CONFIG("shape", "square one");
    TK_INFO("threads", 4);
    TK_INPUT("a file.hkl");
    TK_SIDE("Fdump.bin");
    for (long slow = 0; slow < 2; slow++)
        for (long fast = 0; fast < 3; fast++) {
            TK_PIXEL(slow, fast);
            TK_TAP("R", 0.1 * (double)(slow + 10 * fast), "m");
            for (int phi = 0; phi < 2; phi++) {
                TK_INDEX("phi", phi);
                TK_VECTOR("q", q, "xyz", "1/m");
                TK_TAP_AT("fast", "omega", 1.0f / 3.0f, "sr");
                TK_TAP_AT("", "run", 7.0);
            }
            TK_INDEX_END("phi");
            TK_TAP("after", slow == fast ? NAN : -INFINITY);
        }
    TK_PIXEL_END();
    TK_VECTOR("hkl", hkl, "hkl", "1");
    TK_XYZ("axis", 1.0, 0.5, 1.0 / 3.0);
    TK_MATRIX("U", U, 2, 3, "1");
    TK_TAP("big", big);
    TK_TAP("low", low);
    TK_TAP("note", "two\nlines : = [1]");
    TK_ARRAY2("T", T, "slow fast", 20, 30, "K");
    TK_INDEX("step", 3);
    TK_INDEX("slow", 40);
    TK_ARRAY2("small", T, "slow fast", 2, 2, NULL);
    TK_ARRAY3("vectors", T, "slow fast xyz", 2, 2, 3, "m");
    TK_INDEX_END("step");
    TK_TAP("no name", 1.0);
    return 0;
}
"""
LOOP = r"""
#include "tracekit.h"
int main(void)
{
#pragma omp parallel for schedule(dynamic, 1)
    for (int slow = 0; slow < 64; slow++)
        for (int fast = 0; fast < 64; fast++) {
            TK_PIXEL(slow, fast);
            for (int k = 0; k < 2; k++) {
                TK_INDEX("k", k);
                TK_XYZ("p", slow + 0.1, fast + 0.1, k + 0.1, "m");
            }
        }
    return 0;
}
"""


@pytest.fixture(scope="module", params=[C, CXX], ids=["C99", "C++11"])
def program(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Every call of the header, compiled without a warning."""
    return compiled(tmp_path_factory.mktemp("all"), ALL, request.param)


@pytest.fixture(scope="module")
def trace(program: Path) -> tk.Trace:
    """What the program printed, read from its log and the arrays beside."""
    told(program, LOG="c.log")
    return as_trace(program.parent / "c.log")


def test_numbers_come_back_with_the_same_bits(trace: tk.Trace) -> None:
    """17 digits, -0, denormals, NaN, infinities and 64-bit integers."""
    R = cells(trace, "R")
    for slow in range(2):
        for fast in range(3):
            place = frozenset({("slow", slow), ("fast", fast)})
            assert R[place] == 0.1 * (slow + 10 * fast)
    q = stored(trace, "q")[:3]
    assert [v.hex() for v in q] == [v.hex() for v in (0.1, -0.0, 5e-324)]
    assert np.isnan(stored(trace, "after")).sum() == 2
    assert np.isneginf(stored(trace, "after")).sum() == 4
    assert stored(trace, "big").tolist() == [2**64 - 1]
    assert stored(trace, "low").tolist() == [-(2**63)]
    assert about(trace, "omega")["dtype"] == "float32"
    assert set(stored(trace, "omega")) == {np.float32(1) / np.float32(3)}
    texts = trace.elements(trace.taps.index("note"))["text"].to_pylist()
    assert texts == ["two\\nlines : = [1]"]


def test_indices_are_those_of_the_loops(trace: tk.Trace) -> None:
    """An index lasts as long as its loop; a tap may name its level."""
    assert len(cells(trace, "q")) == 2 * 3 * 2 * 3
    assert {dim for place in cells(trace, "omega") for dim, _ in place} == {
        "slow",
        "fast",
        "occurrence",
    }
    assert all(
        {dim for dim, _ in place} <= {"occurrence"}
        for place in cells(trace, "run")
    )
    assert {dim for place in cells(trace, "after") for dim, _ in place} == {
        "slow",
        "fast",
    }


def test_vectors_and_matrices_have_components(trace: tk.Trace) -> None:
    """Labels are those that a tap with dims has in Python."""
    with tk.record() as recording:
        tk.tap(np.arange(6.0).reshape(2, 3), "U", "row column")
    assert labels(trace, "U") == labels(recording.trace, "U")
    assert labels(trace, "hkl") == ["h", "k", "l"]
    assert stored(trace, "U").tolist() == [1, 2, 3, 4, 5, 6]


def test_large_arrays_lie_beside_the_log(
    trace: tk.Trace, program: Path
) -> None:
    """A large array is a .npy file that the log names; small ones aren't."""
    expected = np.arange(600) / 3.0
    assert stored(trace, "T").tobytes() == expected.tobytes()
    assert about(trace, "T")["unit"] == "K"
    np.testing.assert_array_equal(
        np.load(program.parent / "c.log.1.npy"), expected
    )
    assert not (program.parent / "c.log.2.npy").exists()
    place = frozenset({("step", 3), ("slow", 41), ("fast", 1)})
    assert cells(trace, "small")[place] == 1.0
    assert labels(trace, "vectors") == ["x", "y", "z"]


def test_facts_and_files(trace: tk.Trace) -> None:
    """What decides the result, what doesn't, and the files."""
    facts = {row["key"]: row for row in trace.tables["config"].to_pylist()}
    assert facts["wavelength"]["value"] == 1e-10
    assert facts["wavelength"]["unit"] == "m"
    assert facts["shape"]["text"] == "square one"
    assert (facts["shape"]["decisive"], facts["threads"]["decisive"]) == (
        True,
        False,
    )
    files = {
        (row["name"], row["role"]) for row in trace.tables["file"].to_pylist()
    }
    assert {("a file.hkl", "input"), ("Fdump.bin", "side")} <= files


def test_a_name_with_a_blank_is_a_counted_reject(trace: tk.Trace) -> None:
    """Nothing that a program tapped is lost without a word."""
    (reject,) = trace.tables["reject"].to_pylist()
    assert "no name" in reject["text"]


def test_all_is_off_without_the_environment(program: Path) -> None:
    """Without a TRACEKIT_ variable nothing is printed and no file appears."""
    before = sorted(program.parent.iterdir())
    assert told(program) == ("", "")
    assert sorted(program.parent.iterdir()) == before


def test_taps_and_pixels_are_chosen_at_run_time(
    program: Path, tmp_path: Path
) -> None:
    """No rebuild: names with * and pixels; stderr where no log is named."""
    out, err = told(program, TAPS="R,T,om*", PIXELS="1,2;0,1")
    assert out == ""
    (tmp_path / "c.log").write_text(err)
    trace = as_trace(tmp_path / "c.log")
    assert trace.taps == ("R", "omega", "T")
    assert trace.tables["run"].to_pylist()[0]["selected_taps"] == [
        "R",
        "T",
        "om*",
    ]
    (coverage,) = trace.tables["coverage"].to_pylist()
    assert coverage["selected"] == [[1, 2], [0, 1]]
    assert cells(trace, "T") == {
        frozenset({("slow", 1), ("fast", 2)}): 32 / 3.0,
        frozenset({("slow", 0), ("fast", 1)}): 1 / 3.0,
    }
    assert told(program, LOG="stdout", TAPS="U")[0].count("TRACEKIT tap ") == 1


def test_bad_variables_stop_the_trace_and_not_the_program(
    program: Path,
) -> None:
    """The program goes on as it would, and says what was wrong."""
    assert "expected pairs" in told(program, PIXELS="1,2,3")[1]
    assert "can't be written" in told(program, LOG="/nowhere/c.log")[1]


@pytest.mark.parametrize("compiler", [C, CXX], ids=["C99", "C++11"])
def test_threads_write_whole_lines(
    compiler: tuple[str, ...], tmp_path: Path
) -> None:
    """Four OpenMP threads: each number is there once, at its own indices."""
    program = compiled(tmp_path, LOOP, compiler, "-fopenmp")
    ran(program, {"TRACEKIT_LOG": "c.log", "OMP_NUM_THREADS": "4"})
    trace = as_trace(tmp_path / "c.log")
    assert trace.rejects == 0
    found = cells(trace, "p")
    assert len(found) == 64 * 64 * 2 * 3
    for place, value in found.items():
        index = dict(place)
        dim = ("slow", "fast", "k")[index["component"]]
        assert value == index[dim] + 0.1


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"OMPI_COMM_WORLD_RANK": "3"}, "c.rank3.log"),
        ({"PMI_RANK": "0"}, "c.rank0.log"),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "2"}, "c.rank1.log"),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}, "c.log"),
        ({"PMI_RANK": "../x"}, "c.log"),
    ],
)
def test_each_rank_has_a_file(
    variables: dict[str, str], name: str, program: Path, tmp_path: Path
) -> None:
    """MPI launchers state the rank in the environment."""
    log = tmp_path / "a.folder" / "c.log"
    log.parent.mkdir()
    ran(program, {"TRACEKIT_LOG": str(log), **variables})
    assert sorted(path.name for path in log.parent.iterdir()) == [
        name,
        f"{name}.1.npy",
    ]
    facts = as_trace(log.parent / name).tables["config"].to_pylist()
    ranks = [fact["text"] for fact in facts if fact["key"] == "rank"]
    assert ranks == ([] if name == "c.log" else [name[6]])


def test_files_share_one_log(tmp_path: Path) -> None:
    """A C and a C++ file of one program are in the same loops."""
    (tmp_path / "b.c").write_text(
        '#include "tracekit.h"\nvoid b(void);\n'
        'void b(void) { TK_TAP("b", 2.0); }\n'
    )
    (tmp_path / "a.cc").write_text(
        '#include "tracekit.h"\nextern "C" void b();\n'
        "int main() { TK_PIXEL(4, 5); b(); }\n"
    )
    subprocess.run([*C, f"-I{FOLDER}", "-c", "b.c"], cwd=tmp_path, check=True)
    subprocess.run(
        [*CXX, f"-I{FOLDER}", "a.cc", "b.o", "-o", "program"],
        cwd=tmp_path,
        check=True,
    )
    out, _ = told(tmp_path / "program", LOG="stdout")
    assert out == "TRACEKIT tap b slow=4 fast=5 type=float64 : 2\n"


def test_the_decimal_point_is_a_point_everywhere(tmp_path: Path) -> None:
    """A program that sets a locale with a comma prints what we read."""
    made = subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "UTF-8", str(tmp_path / "de_DE")],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0 or not (tmp_path / "de_DE").exists():
        pytest.skip("no localedef to make a locale with a decimal comma")
    program = compiled(
        tmp_path,
        '#include "tracekit.h"\n#include <locale.h>\nint main(void) {\n'
        'if (!setlocale(LC_ALL, "de_DE")) return 1;\n'
        'TK_TAP("x", 0.5); TK_TAP("y", 1e300); TK_TAP("z", -1.5e-7f);\n'
        'printf("%g\\n", 0.5); return 0; }\n',
    )
    done = ran(program, {"LOCPATH": str(tmp_path), "TRACEKIT_LOG": "stderr"})
    assert done.stdout == "0,5\n"
    assert [line.split(" : ")[1] for line in done.stderr.splitlines()] == [
        "0.5",
        "1.0000000000000001e+300",
        "-1.50000005e-07",
    ]


def test_it_needs_no_extension_of_its_language() -> None:
    """The newest standards take it as well, and MIT stands in it."""
    for compiler in (
        ("cc", "-std=c11", "-xc"),
        ("cc", "-std=c17", "-xc"),
        ("c++", "-std=c++20", "-xc++"),
    ):
        subprocess.run(
            [*compiler, *C[2:], "-fsyntax-only", "-"],
            input=f'#include "{HEADER}"\n',
            text=True,
            check=True,
        )
    assert "SPDX-License-Identifier: MIT" in HEADER.read_text()


FORTRAN = r"""
program heat
  use tracekit
  implicit none
  real(8) :: T(3, 2)
  integer :: slow, fast
  call tk_config("wavelength", 1d-10, "m")
  do slow = 0, 1
    do fast = 0, 2
      T(fast + 1, slow + 1) = slow + fast / 3d0
      call tk_pixel(slow, fast)
      call tk_tap("T", T(fast + 1, slow + 1), "K")
    end do
  end do
  call tk_pixel_end()
  call tk_array("whole", T, "fast slow", "K")
  call tk_vector("q", (/ 1d0, 2d0, 3d0 /), "xyz", "1/m")
  call tk_tap("n", 3)
end program
"""


@pytest.mark.skipif(not has("gfortran"), reason="gfortran is not installed")
def test_fortran_prints_the_same_lines(tmp_path: Path) -> None:
    """The module's taps are read as C's are, arrays turned to C's order."""
    (tmp_path / "heat.f90").write_text(FORTRAN)
    subprocess.run(
        [*C, "-c", str(FOLDER / "tracekit_fortran.c")],
        cwd=tmp_path,
        check=True,
    )
    subprocess.run(
        [
            *("gfortran", "-std=f2003", "-Wall", "-Werror", "-o", "program"),
            *(str(FOLDER / "tracekit.f90"), "heat.f90", "tracekit_fortran.o"),
        ],
        cwd=tmp_path,
        check=True,
    )
    told(tmp_path / "program", LOG="c.log")
    trace = as_trace(tmp_path / "c.log")
    assert trace.rejects == 0
    assert cells(trace, "T") == cells(trace, "whole")
    assert labels(trace, "q") == ["x", "y", "z"]
