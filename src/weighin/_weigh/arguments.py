"""Check what a caller of `weigh` gave, before any work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weighin._base.checks import check_run, is_real
from weighin._base.errors import InputError
from weighin._metrics import PREDICTION_CHANGE, Metric


def check(
    *,
    n_repeats: Any,
    precision: Any,
    max_seconds: Any,
    random_state: Any,
    missing: Any,
    batch_size: Any,
    n_jobs: Any,
    max_memory: Any,
    arithmetic: Any = None,
) -> None:
    """Refuse what cannot be.

    Raises InputError: what is allowed, and what was got.
    """
    check_run(
        n_repeats=n_repeats,
        max_seconds=max_seconds,
        random_state=random_state,
        missing=missing,
        batch_size=batch_size,
        n_jobs=n_jobs,
        max_memory=max_memory,
    )
    if arithmetic not in (None, "tf32", "bfloat16"):
        raise InputError(
            f"arithmetic must be 'tf32', 'bfloat16' or None for the network's own, got {arithmetic!r}."
        )
    if precision is not None:
        if not is_real(precision) or not 0 < precision < 1:
            raise InputError(f"precision must be between 0 and 1, or None, got {precision!r}.")
        if not isinstance(n_repeats, str):
            raise InputError(
                f"precision={precision!r} decides how often to shuffle, and so does "
                f"n_repeats={n_repeats!r}: give only one of them."
            )


def metrics_asked(metric: Any) -> list[Any]:
    """List the metrics: one, or several in a list or tuple.

    Raises InputError if the list is empty.
    """
    if not isinstance(metric, list | tuple):
        return [metric]
    if not metric:
        raise InputError("metric is an empty list; name at least one metric.")
    return list(metric)


def needs_target(metrics: Sequence[Any]) -> bool:
    """Whether any of the metrics as given compares with a target."""

    def compares(metric: Any) -> bool:
        if isinstance(metric, Metric):
            return metric.against == "target"
        return not isinstance(metric, str) or metric != PREDICTION_CHANGE.name

    return any(map(compares, metrics))
