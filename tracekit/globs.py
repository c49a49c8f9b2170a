"""Names, and globs that stand for several."""

from fnmatch import fnmatchcase


def fits(glob: str, name: str) -> bool:
    """Whether a glob stands for a name, or is that name itself ("x[0]")."""
    return name == glob or fnmatchcase(name, glob)
