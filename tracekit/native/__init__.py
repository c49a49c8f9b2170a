"""tracekit's C and Fortran side: one header, one module over it.

``tracekit c-header -o tracekit.h`` copies the header beside a program;
``cc -I"$(tracekit c-header --folder)"`` uses it where it lies.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
HEADER = FOLDER / "tracekit.h"
FORTRAN = FOLDER / "tracekit.f90"
FORTRAN_C = FOLDER / "tracekit_fortran.c"
