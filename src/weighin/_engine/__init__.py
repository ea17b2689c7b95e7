"""Swap, predict, measure: blocks of rows go in, scores come out."""

from weighin._engine._run import CHUNK_ROWS, Scores, run

__all__ = ["CHUNK_ROWS", "Scores", "run"]
