"""Raw scores of classifiers that have them under an option of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

# what a model is asked for, where a method of its estimator would be named
RAW_SCORE = "raw_score"


def raw_scores(estimator: Any) -> Callable[[Any], Any] | None:
    """The margins of a classifier of XGBoost, LightGBM or CatBoost; None for other estimators."""
    options: dict[str, dict[str, Any]] = {
        "xgboost": {"output_margin": True},
        "lightgbm": {"raw_score": True},
        "catboost": {"prediction_type": "RawFormulaVal"},
    }
    found = options.get(type(estimator).__module__.partition(".")[0])
    return None if found is None else partial(estimator.predict, **found)
