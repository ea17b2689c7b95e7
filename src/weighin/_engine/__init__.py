"""Swap, predict, measure: blocks of rows go in, scores come out."""

from weighin._engine._collect import Scores
from weighin._engine._run import run

__all__ = ["Scores", "run"]
