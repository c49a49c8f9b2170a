"""The commands of ``tracekit``, grouped by what they are for."""
