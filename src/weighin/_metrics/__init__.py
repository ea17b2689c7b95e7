"""Metrics: what is measured, row by row where it can be, and which direction is better."""

from weighin._metrics.base import Metric, as_numpy, mean, one_column, row_mean
from weighin._metrics.callables import number, takes_weights
from weighin._metrics.context import Answers, MetricContext, MetricSource, plain_array
from weighin._metrics.directions import HIGHER_IS_BETTER, LOWER_IS_BETTER, direction, unknown
from weighin._metrics.explained import of_mean
from weighin._metrics.influence import LabelCounts, area_values, not_here
from weighin._metrics.kinds import OF_AMOUNTS, OF_LABELS, KindCheck
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
    logit_loss,
    miss,
    squared_error,
)
from weighin._metrics.of_classes import check_probabilities, class_metrics
from weighin._metrics.output_answers import OutputAnswers
from weighin._metrics.output_metrics import OutputMetrics, tweedie
from weighin._metrics.outputs import Kind, Outputs, asked_outputs
from weighin._metrics.resolve import resolve_metric, resolve_metrics
from weighin._metrics.scorers import is_scorer, scorer_names

__all__ = [
    "ACCURACY",
    "ERROR_RATE",
    "HIGHER_IS_BETTER",
    "LOWER_IS_BETTER",
    "MAE",
    "MSE",
    "OF_AMOUNTS",
    "OF_CLASSES",
    "OF_LABELS",
    "OF_NUMBERS",
    "PREDICTION_CHANGE",
    "RMSE",
    "Answers",
    "Kind",
    "KindCheck",
    "LabelCounts",
    "Metric",
    "MetricContext",
    "MetricSource",
    "OutputAnswers",
    "OutputMetrics",
    "Outputs",
    "absolute_error",
    "area_values",
    "as_numpy",
    "asked_outputs",
    "check_probabilities",
    "class_metrics",
    "direction",
    "general",
    "hit",
    "is_scorer",
    "log_loss",
    "logit_loss",
    "mean",
    "miss",
    "not_here",
    "number",
    "of_mean",
    "one_column",
    "plain_array",
    "resolve_metric",
    "resolve_metrics",
    "row_mean",
    "scorer_names",
    "squared_error",
    "takes_weights",
    "tweedie",
    "unknown",
]
