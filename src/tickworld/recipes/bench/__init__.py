"""The bench: worlds side by side, with equal data and equal processor time, in one table."""
