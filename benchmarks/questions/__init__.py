"""One module a question of the seed; see ``benchmarks/hypotheses.py``."""
