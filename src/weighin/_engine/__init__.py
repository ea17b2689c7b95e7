"""Swap, predict, measure: blocks of rows go in, scores come out."""

from weighin._engine._run import run
from weighin._engine._run_parts import Answer, Question, Scores

__all__ = ["Answer", "Question", "Scores", "run"]
