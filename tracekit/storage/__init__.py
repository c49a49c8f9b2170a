"""Events to tables: how a trace lies in memory and on disk."""
