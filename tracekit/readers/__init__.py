"""Foreign files as traces: arrays and tables of other programs."""
