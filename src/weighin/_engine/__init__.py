"""Swap, predict, measure: blocks of rows go in, scores come out."""

from weighin._engine.measurement import Measurement, Scores, SwapEffect
from weighin._engine.run import run

__all__ = ["Measurement", "Scores", "SwapEffect", "run"]
