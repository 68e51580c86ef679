"""Data to begin with: the default masters, and the fictional government of `seed_demo`."""
