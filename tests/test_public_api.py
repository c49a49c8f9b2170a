"""What users may rely on: names, layers, the wheel."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import tracekit as tk

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tracekit"


def test_all_is_what_is_visible() -> None:
    """Every public name stands in __all__, and nothing else does."""
    modules = {path.stem for path in PACKAGE.iterdir()}
    visible = {name for name in dir(tk) if not name.startswith("_")}
    assert visible - (modules - set(tk.__all__)) - {"annotations"} == set(
        tk.__all__
    )


def imports(path: Path) -> set[str]:
    """Top-level names and modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


TORCH_SIDE = {
    "apart", "beside", "deferred", "exact", "inductor", "late", "nodes",
    "numpy_terms", "operator", "picking", "sampled", "torch_frames",
    "torch_internals", "torch_refusals", "torch_taps", "traced_taps",
    "view_index",
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")))
def test_few_files_import_torch_and_none_the_simulator(path: Path) -> None:
    """Seventeen files of capture/ need torch; the pair stays outside."""
    tops = {name.split(".")[0] for name in imports(path)}
    assert "simulator" not in tops
    assert ("torch" in tops) == (path.stem in TORCH_SIDE), path


def test_torch_is_not_loaded_for_a_program_without_it() -> None:
    """Importing, recording and comparing numbers start without torch."""
    program = (
        "import sys, tracekit as tk\n"
        "with tk.record() as r:\n"
        "    with tk.scope('phi', phi=1): tk.tap(1.0, 'x')\n"
        "print(tk.compare(r.trace, r.trace).verdict, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["close", "False"]


def test_the_libraries_of_extras_are_not_needed(tmp_path: Path) -> None:
    """A large tap is recorded, compared and exported without any of them."""
    program = (
        "import sys\n"
        "class Extras:\n"
        "    def find_spec(name, *rest):\n"
        "        if name in ('pandas', 'xarray', 'h5py', 'fabio'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Extras)\n"
        "import numpy as np, tracekit as tk\n"
        "for name in ('a', 'b'):\n"
        "    with tk.record(name):\n"
        "        tk.tap(np.arange(1_500_000.0), 'large', 'pixel')\n"
        "        tk.config('text', 'words')\n"
        "print(tk.compare('a', 'b').verdict)\n"
        "from tracekit.cli import main\n"
        "sys.argv[1:] = 'export a -o a.csv --format csv'.split()\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("close\n"), done.stderr
    assert done.returncode == 0, done.stderr


def test_torch_that_is_imported_while_recording_is_noticed() -> None:
    """A program may import torch after it began to record."""
    program = (
        "import tracekit as tk\n"
        "with tk.record() as r:\n"
        "    tk.tap(1.0, 'before')\n"
        "    import torch\n"
        "    double = lambda x: tk.tap(x * 2, 'x')\n"
        "    torch.compile(double, backend='eager')(torch.ones(2))\n"
        "    torch.func.vmap(double)(torch.ones(2))\n"
        "print(r.trace.tables['event'].num_rows)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["3"], done.stderr


def test_the_simulator_imports_only_what_instrumented_code_calls() -> None:
    """The pair uses tracekit as any user's program would."""
    allowed = {"tap", "scope", "traced", "config", "input_file", "record"}
    allowed |= {"is_recording"}
    for path in (ROOT / "simulator").glob("*.py"):
        used = {
            name.removeprefix("tracekit.")
            for name in imports(path)
            if name.split(".")[0] == "tracekit"
        }
        runs_programs = {"programs.run", "errors.TracekitError"}
        runs_programs |= {"native.HEADER"}
        assert used <= allowed | runs_programs | {"tracekit"}, path


def module_name(path: Path) -> str:
    """The dotted name of a file inside the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def test_no_import_goes_in_a_circle() -> None:
    """The data never turns back, and neither do top-level imports."""
    files = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    graph = {}
    for name, path in files.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            f"{node.module}.{alias.name}"
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        modules = {full.removeprefix("tracekit.") for full in named}
        modules |= {module.rpartition(".")[0] for module in modules}
        graph[name] = (modules & files.keys()) - {""}
    while graph:
        leaves = {name for name, needs in graph.items() if not needs}
        assert leaves, f"import cycle among {sorted(graph)}"
        graph = {
            name: needs - leaves
            for name, needs in graph.items()
            if name not in leaves
        }


LAYERS = ["storage", "capture", "logs", "readers", "comparison", "commands"]


@pytest.mark.parametrize("layer", LAYERS)
def test_a_folder_reads_only_what_comes_before_it(layer: str) -> None:
    """Capture and the readers know storage; nobody knows what comes later."""
    later = LAYERS[LAYERS.index(layer) + 1 :]
    if layer in ("capture", "logs"):
        later += {"capture": ["logs"], "logs": ["capture"]}[layer]
    for path in (PACKAGE / layer).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                folder = node.module.removeprefix("tracekit.").split(".")[0]
                assert folder not in later, f"{path}: {node.module}"


def test_the_wheel_works_without_the_checkout(tmp_path: Path) -> None:
    """It holds queries and dialects, no simulator, and demo says why."""
    subprocess.run(
        [
            sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps",
            "--no-build-isolation", "-w", str(tmp_path), str(ROOT),
        ],
        check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    assert "tracekit/queries/first_divergence.sql" in names
    assert "tracekit/logs/dialects/nanobragg.toml" in names
    assert "tracekit/native/tracekit.h" in names
    assert "tracekit/native/tracekit.f90" in names
    assert not any(name.startswith(("simulator", "tests")) for name in names)
    program = (
        "import sys; sys.path[0:0] = [sys.argv[1]]\n"
        "import tracekit, tracekit.comparison.queries as q\n"
        "assert str(q.folder()).startswith(sys.argv[1]), q.folder()\n"
        "with tracekit.record() as r: tracekit.tap(1.0, 'x')\n"
        "print(tracekit.compare(r.trace, r.trace).verdict)\n"
        "sys.argv = ['tracekit', 'demo']\n"
        "from tracekit.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "site")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "close"
    assert done.returncode == 2
    assert "clone tracekit's repository" in done.stderr


def test_comparing_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """Neither torch nor what only other units or other files need."""
    program = (
        "import sys, tracekit as tk\n"
        "for name in ('a', 'b'):\n"
        "    with tk.record(name): tk.tap(1.0, 'x')\n"
        "assert tk.compare('a', 'b').verdict == 'close'\n"
        "print({'torch', 'pint', 'pyarrow.dataset'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
