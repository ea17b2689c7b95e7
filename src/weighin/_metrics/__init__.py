"""Metrics: what is measured, row by row where it can be, and which direction is better."""

from weighin._metrics.base import Metric, as_numpy, mean, one_column, row_mean
from weighin._metrics.callables import from_callable, from_torchmetric, is_torchmetric, number, takes_weights
from weighin._metrics.directions import HIGHER_IS_BETTER, LOWER_IS_BETTER, direction, unknown
from weighin._metrics.influence import LabelCounts, area_values, not_here
from weighin._metrics.losses import (
    ACCURACY,
    ERROR_RATE,
    GENERAL,
    MAE,
    MSE,
    PREDICTION_CHANGE,
    RMSE,
    absolute_error,
    hit,
    log_loss,
    miss,
    squared_error,
)
from weighin._metrics.scorers import Answers, from_scorer, is_scorer, scorer_names

__all__ = [
    "ACCURACY",
    "ERROR_RATE",
    "GENERAL",
    "HIGHER_IS_BETTER",
    "LOWER_IS_BETTER",
    "MAE",
    "MSE",
    "PREDICTION_CHANGE",
    "RMSE",
    "Answers",
    "LabelCounts",
    "Metric",
    "absolute_error",
    "area_values",
    "as_numpy",
    "direction",
    "from_callable",
    "from_scorer",
    "from_torchmetric",
    "hit",
    "is_scorer",
    "is_torchmetric",
    "log_loss",
    "mean",
    "miss",
    "not_here",
    "number",
    "one_column",
    "row_mean",
    "scorer_names",
    "squared_error",
    "takes_weights",
    "unknown",
]
