"""What every test shares: one thread (networks here are tiny), no display, the same hypothesis examples each time."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from hypothesis import settings

settings.register_profile("tickworld", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("tickworld")
