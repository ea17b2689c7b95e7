"""Arguments that several verbs take, each checked in one place."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from weighin._base.errors import InputError, listing, nearest
from weighin._base.text import column_label

# threads or processes: far more than any machine has use for, few enough to start
MOST_JOBS = 1024
MISSING = ("raise", "drop", "mean")
AUTO = "auto"


def is_whole(value: Any, least: int | None = None) -> bool:
    """Whether it is an integer, and large enough."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return whole and (least is None or int(value) >= least)


def is_real(value: Any) -> bool:
    """Whether it is a number."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_counts(**counts: Any) -> None:
    """Refuse what counts nothing: each must be an integer >= 1.

    Raises InputError: naming the first that is not.
    """
    for name, count in counts.items():
        if not is_whole(count, 1):
            raise InputError(f"{name} must be an integer >= 1, got {count!r}.")


def check_seed(random_state: Any, name: str = "random_state", or_none: str = " or None") -> None:
    """Refuse what is no seed.

    Raises InputError.
    """
    if not (is_whole(random_state, 0) or (random_state is None and or_none)):
        raise InputError(f"{name} must be an integer >= 0{or_none}, got {random_state!r}.")


def seed_of(random_state: int | None) -> int:
    """The seed given, or a new one.

    Raises InputError: if it is none.
    """
    check_seed(random_state)
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(random_state)


def check_missing(missing: Any) -> None:
    """Refuse what nobody does with missing values.

    Raises InputError.
    """
    if missing not in MISSING:
        raise InputError(
            f"missing must be one of {', '.join(map(repr, MISSING))}, got {missing!r}.{nearest(missing, MISSING)}"
        )


def is_jobs(n_jobs: Any) -> bool:
    """Whether it is a number of threads or processes, as joblib counts them."""
    return n_jobs is None or (is_whole(n_jobs, -MOST_JOBS) and 0 != n_jobs <= MOST_JOBS)


def check_jobs(n_jobs: Any) -> None:
    """Refuse what is no number of threads.

    Raises InputError.
    """
    if not is_jobs(n_jobs):
        raise InputError(
            f"n_jobs must be an integer other than 0, at most {MOST_JOBS}, or None, got {n_jobs!r}."
        )


def check_run(
    *,
    n_repeats: Any = AUTO,
    max_seconds: Any = None,
    random_state: Any = None,
    missing: Any = "raise",
    batch_size: Any = None,
    n_jobs: Any = None,
    max_memory: Any = 256,
) -> None:
    """Refuse what no swaps can be made with.

    Raises InputError.
    """
    if not (isinstance(n_repeats, str) and n_repeats == AUTO) and not is_whole(n_repeats, 1):
        raise InputError(f'n_repeats must be "auto" or an integer >= 1, got {n_repeats!r}.')
    if max_seconds is not None and (not is_real(max_seconds) or not max_seconds > 0):
        raise InputError(f"max_seconds must be a number > 0 or None, got {max_seconds!r}.")
    check_seed(random_state)
    check_missing(missing)
    if batch_size is not None and not is_whole(batch_size, 1):
        raise InputError(f"batch_size must be an integer >= 1 or None, got {batch_size!r}.")
    check_jobs(n_jobs)
    if not is_whole(max_memory, 1):
        raise InputError(f"max_memory must be an integer >= 1, in megabytes, got {max_memory!r}.")


def check_level(confidence_level: Any) -> None:
    """Refuse what is no number between 0 and 1.

    Raises InputError.
    """
    # next to 1 there is no number for half of the rest
    if not is_real(confidence_level) or not 0 < confidence_level < 1 or 1 - (1 - confidence_level) / 2 == 1:
        raise InputError(f"confidence_level must be between 0 and 1, got {confidence_level!r}.")


def check_title(title: Any) -> None:
    """Refuse what is no title.

    Raises InputError.
    """
    if title is not None and not isinstance(title, str):
        raise InputError(f"title must be text or None, got {title!r}.")


def check_plot(ax: Any, limit: Any, title: Any) -> None:
    """Refuse what no chart can be drawn with.

    Raises InputError.
    """
    check_limit(limit)
    check_title(title)
    if ax is not None and not hasattr(ax, "get_figure"):
        raise InputError(f"ax must be an Axes of matplotlib or None, got {type(ax).__name__}.")


def check_limit(limit: Any) -> None:
    """Refuse what is no number of features to show.

    Raises InputError.
    """
    if not is_whole(limit, 1):
        raise InputError(f"limit must be an integer >= 1, got {limit!r}.")


def names_among(names: Any, available: Collection[str], where: str) -> list[str]:
    """List names, each one of those there are, and there once.

    Raises InputError: naming the first that is not.
    """
    names = [
        column_label(name) if column_label(name) in available else name
        for name in list_of_names(names, where)
    ]
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"{where} must hold names (text), got {name!r}.{nearest(name, available)}")
        if name not in available:
            raise InputError(
                f"Unknown feature {name!r} in {where}.{nearest(name, available)} Features: {listing(available, 40)}."
            )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{where} names {twice!r} more than once.")
    return names


def list_of_names(names: Any, where: str) -> list[Any]:
    """List what should be names; a text alone is not a list of its letters.

    Raises InputError.
    """
    if isinstance(names, str):
        raise InputError(f"{where} must be a list of names, got the text {names!r}; write [{names!r}].")
    if not isinstance(names, Iterable) or isinstance(names, bytes):
        raise InputError(f"{where} must be a list of names, got {type(names).__name__}.")
    return list(names)
