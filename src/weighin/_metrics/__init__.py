"""Metrics: what is measured, row by row where it can be, and which direction is better."""

from weighin._metrics.base import Metric, as_numpy, mean, one_column, row_mean
from weighin._metrics.callables import number, takes_weights
from weighin._metrics.context import Answers, MetricContext, MetricSource
from weighin._metrics.directions import HIGHER_IS_BETTER, LOWER_IS_BETTER, direction, unknown
from weighin._metrics.influence import LabelCounts, area_values, not_here
from weighin._metrics.losses import (
    ACCURACY,
    ERROR_RATE,
    MAE,
    MSE,
    OF_CLASSES,
    OF_NUMBERS,
    PREDICTION_CHANGE,
    RMSE,
    absolute_error,
    general,
    hit,
    log_loss,
    miss,
    squared_error,
)
from weighin._metrics.output_answers import OutputAnswers
from weighin._metrics.resolve import resolve_metric, resolve_metrics
from weighin._metrics.scorers import is_scorer, scorer_names

__all__ = [
    "ACCURACY",
    "ERROR_RATE",
    "HIGHER_IS_BETTER",
    "LOWER_IS_BETTER",
    "MAE",
    "MSE",
    "OF_CLASSES",
    "OF_NUMBERS",
    "PREDICTION_CHANGE",
    "RMSE",
    "Answers",
    "LabelCounts",
    "Metric",
    "MetricContext",
    "MetricSource",
    "OutputAnswers",
    "absolute_error",
    "area_values",
    "as_numpy",
    "direction",
    "general",
    "hit",
    "is_scorer",
    "log_loss",
    "mean",
    "miss",
    "not_here",
    "number",
    "one_column",
    "resolve_metric",
    "resolve_metrics",
    "row_mean",
    "scorer_names",
    "squared_error",
    "takes_weights",
    "unknown",
]
