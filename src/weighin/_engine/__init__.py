"""Swap, predict, measure: a model is opened once, blocks of rows go in, scores come out."""

from weighin._engine.measurement import Measurement, Scores, SwapEffect
from weighin._engine.pace import TimeUp
from weighin._engine.pair_means import Pairs, PairScores
from weighin._engine.part_sums import PartRun, PlaceSums, collect_sums
from weighin._engine.plan import Resources
from weighin._engine.session import Session

__all__ = [
    "Measurement",
    "PairScores",
    "Pairs",
    "PartRun",
    "PlaceSums",
    "Resources",
    "Scores",
    "Session",
    "SwapEffect",
    "TimeUp",
    "collect_sums",
]
