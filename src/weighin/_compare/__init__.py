"""Two results beside each other: what one model, season or version weighs more than another."""

from weighin._compare._compare import compare
from weighin._compare._comparison import Comparison

__all__ = ["Comparison", "compare"]
