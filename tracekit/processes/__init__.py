"""What can be known about a program that runs, without changing it."""
