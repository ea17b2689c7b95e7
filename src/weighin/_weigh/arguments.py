"""Check what a caller of `weigh` gave, before any work."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from weighin._base.errors import InputError
from weighin._metrics import PREDICTION_CHANGE, Metric

MISSING = ("raise", "drop", "mean")
AUTO = "auto"


def whole(value: Any, least: int) -> bool:
    """Whether it is an integer, and large enough."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= least


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
) -> None:
    """Refuse what cannot be.

    Raises
    ------
    InputError
        What is allowed, and what was got.
    """
    if n_repeats != AUTO and not whole(n_repeats, 1):
        raise InputError(f'n_repeats must be "auto" or an integer >= 1, got {n_repeats!r}.')
    if precision is not None:
        if not _real(precision) or not 0 < precision < 1:
            raise InputError(f"precision must be between 0 and 1, or None, got {precision!r}.")
        if n_repeats != AUTO:
            raise InputError(
                f"precision={precision!r} decides how much is shuffled, and so does n_repeats={n_repeats!r}: give one."
            )
    if max_seconds is not None and (not _real(max_seconds) or not max_seconds > 0):
        raise InputError(f"max_seconds must be a number > 0 or None, got {max_seconds!r}.")
    if random_state is not None and not whole(random_state, 0):
        raise InputError(f"random_state must be an integer >= 0 or None, got {random_state!r}.")
    if missing not in MISSING:
        raise InputError(f"missing must be one of {', '.join(map(repr, MISSING))}, got {missing!r}.")
    if batch_size is not None and not whole(batch_size, 1):
        raise InputError(f"batch_size must be an integer >= 1 or None, got {batch_size!r}.")
    if n_jobs is not None and (not whole(n_jobs, -(2**31)) or n_jobs == 0):
        raise InputError(f"n_jobs must be an integer other than 0, or None, got {n_jobs!r}.")
    if not whole(max_memory, 1):
        raise InputError(f"max_memory must be an integer >= 1, in megabytes, got {max_memory!r}.")


def metrics_asked(metric: Any) -> list[Any]:
    """List the metrics: one, or several in a list or tuple.

    Raises
    ------
    InputError
        If the list is empty.
    """
    if not isinstance(metric, list | tuple):
        return [metric]
    if not metric:
        raise InputError("metric is an empty list; name at least one.")
    return list(metric)


def needs_target(metrics: Sequence[Any]) -> bool:
    """Whether any of the metrics as given compares with a target."""

    def compares(metric: Any) -> bool:
        if isinstance(metric, Metric):
            return metric.against == "target"
        return not isinstance(metric, str) or metric != PREDICTION_CHANGE.name

    return any(map(compares, metrics))


def seed_of(random_state: int | None) -> int:
    """The seed given, or a new one."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(random_state)


def _real(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
