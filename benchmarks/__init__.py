"""weighin beside each alternative at its best: ``python -m benchmarks``."""
