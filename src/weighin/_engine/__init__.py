"""Swap, predict, measure: blocks of rows go in, scores come out."""

from weighin._engine._run import Scores, run

__all__ = ["Scores", "run"]
