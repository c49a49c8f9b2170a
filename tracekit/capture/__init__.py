"""Taps to events: what records while a program runs."""
