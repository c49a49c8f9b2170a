"""Which environment variables may stand in a trace: an allow-list.

Nothing else of the environment is ever stored, so that no password or key
gets into a trace: only what decides numbers, and only these names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

NAMES = frozenset(
    (
        *("LANG", "LANGUAGE", "TZ", "LD_PRELOAD", "LD_LIBRARY_PATH"),
        *("GOTO_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
        *("NUMEXPR_NUM_THREADS", "CUDA_VISIBLE_DEVICES"),
        *("CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE"),
        *("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
        *("PYTHONHASHSEED", "PYTHONOPTIMIZE", "NPY_DISABLE_CPU_FEATURES"),
        *("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "ATEN_CPU_CAPABILITY"),
        *("SLURM_NTASKS", "SLURM_PROCID", "SLURM_CPUS_PER_TASK"),
        *("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
        *("PMI_SIZE", "PMI_RANK", "PMIX_RANK"),
        *("TRACEKIT_LOG", "TRACEKIT_TAPS", "TRACEKIT_PIXELS"),
        "TRACEKIT_INLINE",
    )
)
"""Names that are stored as they are."""

FAMILIES = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "LC_", "MALLOC_")
"""Beginnings of names that are stored as well."""

_SECRET = re.compile(r"SECRET|TOKEN|PASS|KEY|CREDENTIAL|AUTH", re.IGNORECASE)


def stored(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a trace keeps, sorted by name.

    >>> stored({"OMP_NUM_THREADS": "4", "AWS_SECRET_ACCESS_KEY": "x"})
    {'OMP_NUM_THREADS': '4'}
    """
    return {
        name: environment[name]
        for name in sorted(environment)
        if (name in NAMES or name.startswith(FAMILIES))
        and not _SECRET.search(name)
    }
