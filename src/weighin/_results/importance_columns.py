"""The exact numbers of an importance, as columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin._results.given_feature import GivenFeature
from weighin._results.importance_numbers import ImportanceNumbers

# columns of features shuffled given others
OF_GIVEN = ("given", "own_share", "off_data", "correlated")


def columns(numbers: ImportanceNumbers, confidence_level: float) -> dict[str, Any]:
    """Columns of the tidy frame: metric after metric, segment after segment."""
    every: list[ImportanceNumbers] = [numbers, *numbers.parts]
    parts = [_part(part, confidence_level) for part in every]
    joined: dict[str, Any] = {}
    for name, values in parts[0].items():
        if (name == "segment" and not numbers.by) or (name in OF_GIVEN and numbers.givens == ("",)):
            continue
        if isinstance(values, list):
            joined[name] = [value for part in parts for value in part[name]]
        else:
            joined[name] = np.concatenate([part[name] for part in parts])
    return joined


def _part(numbers: ImportanceNumbers, confidence_level: float) -> dict[str, Any]:
    order = numbers.order
    lower, upper = numbers.interval(confidence_level)
    values_of = {
        "importance": numbers.importances_mean,
        "se": numbers.se,
        "se_data": numbers.se_data,
        "se_shuffle": numbers.se_shuffle,
        "ci_lower": lower,
        "ci_upper": upper,
        "relative": numbers.relative,
        "pvalue": numbers.pvalue,
        "pvalue_holm": numbers.pvalue_holm,
        "few_rows": numbers.few_rows,
    }
    reports = [numbers.given_reports.get(numbers.features[i], GivenFeature()) for i in order]
    return {
        "feature": [numbers.features[i] for i in order],
        "metric": [numbers.metric] * len(order),
        "segment": [numbers.segment] * len(order),
        "given": [numbers.given] * len(order),
        **{name: values[order] for name, values in values_of.items()},
        "rank": np.arange(1, len(order) + 1),
        "own_share": np.array([report.own_share for report in reports]),
        "off_data": np.array([report.off_data for report in reports]),
        "correlated": [", ".join(name for name, _ in report.correlated) for report in reports],
    }
