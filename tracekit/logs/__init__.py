"""Text to events: logs of other programs, and how each is spelled."""
