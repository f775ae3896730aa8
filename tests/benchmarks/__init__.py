"""Speed and memory against other programs: see `__main__`."""
