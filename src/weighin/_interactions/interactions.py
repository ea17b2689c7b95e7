"""Which features of a trained model act together: validate, adapt, choose pairs, measure."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from weighin._base.checks import check_run, is_whole, names_among, seed_of
from weighin._base.errors import InputError, listing, nearest
from weighin._engine import Resources, Session, TimeUp
from weighin._engine.row_values import row_values
from weighin._interactions.experiment import MOST_FEATURES, Experiment
from weighin._interactions.scale import measured
from weighin._models import as_model
from weighin._models.levels import levels_of
from weighin._results.interactions import Interactions
from weighin._tables.containers import as_table
from weighin._tables.features import Feature, renamed, select

AUTO, ALL = "auto", "all"


def interactions(
    model: Any,
    X: Any = None,
    *,
    features: Iterable[str] | None = None,
    pairs: Any = "auto",
    surfaces: int = 3,
    groups: Mapping[str, Iterable[str]] | None = None,
    feature_names: Iterable[str] | None = None,
    outputs: str | None = None,
    classes: Sequence[Any] | None = None,
    within: Any = None,
    n_repeats: int = 5,
    max_seconds: float | None = None,
    sample_weight: Any = None,
    random_state: int | None = None,
    missing: str = "raise",
    batch_size: int | None = None,
    device: Any = None,
    n_jobs: int | None = None,
    max_memory: int = 256,
    progress: bool | None = None,
) -> Interactions:
    """Measure which features of a trained model act together, and how much, with intervals.

    Parameters
    ----------
    model, X
        As `weigh` takes them. No target is needed: it is the prediction that is looked at.
    features : iterable of str, optional
        Only pairs of these; of all features by default.
    pairs : "auto", "all" or iterable of (str, str)
        Which pairs. "auto" takes every two of up to 30 features; of more, every two of the 30 that predictions depend
        on most (largest total index), and the result says so. "all" takes every two whatever their number.
    surfaces : int
        Predict the strongest pairs for eight values of each of the two, over 1,000 rows drawn at random, and say how
        the effect of one depends on the other; so many pairs at most, groups left out.
    groups : mapping of str to iterable of str, optional
        Each group is one more feature, all its members swapped together. A group makes no pair with its members.
    feature_names, outputs, classes, within
        As for `weigh`.
    n_repeats : int
        Swaps of each row.
    max_seconds : float, optional
        Stop about then, and say what was reached.
    sample_weight : str or array-like of shape (n_rows,), optional
        As for `weigh`.
    random_state : int, optional
        Seed, >= 0. Drawn and recorded when not given.
    missing, batch_size, device, n_jobs, max_memory, progress
        As for `weigh`.

    Returns
    -------
    Interactions
        Superset importance of every pair and total index of every feature, with intervals.

    Raises
    ------
    InputError
        On arguments or a table that cannot be used, or a single feature; nothing was changed.
    ModelError
        If weighin cannot read the model, or its predictions are not finite, or so small or large that squares of them
        are not numbers.
    Interrupted
        On Ctrl-C, with the pairs, or all pairs on the rows, finished so far in ``.result``.

    Notes
    -----
    With the values of another row, d = f(both swapped) - f(first swapped) - f(second swapped) + f(neither). The mean
    of d squared, divided by 4, is the variance of all effects in which both take part, where features are independent
    (Liu and Owen 2006). It is 0 for a model that adds the two up, whatever their correlation, and never negative. The
    total index of a feature is the mean of (f(swapped) - f)**2 / 2 (Jansen 1999). Shares are parts of the variance of
    the prediction; several outputs count by their mean. Of classes the raw scores are taken (decision function,
    logits), where the model gives them.

    A move of less than a hundred-thousandth of the standard deviation of the predictions, and what rounding explains,
    count as 0. Since d squared is never negative, one swap that shows a move proves that the model is not additive:
    the p-value, one-sided of "not above 0", says whether the rows tell that this amounts to anything.

    References
    ----------
    Liu and Owen (2006), "Estimating Mean Dimensionality of Analysis of Variance Decompositions", JASA 101(474). Jansen
    (1999), Computer Physics Communications 117. Holm (1979), Scand. J. Statist. 6(2).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> found = interactions(lambda rows: 2 * rows[:, 0] * rows[:, 1] + rows[:, 2], X, random_state=0)
    >>> [line.features for line in found.lines() if line.claimed]
    [('x0', 'x1')]
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
    if not is_whole(surfaces, 0):
        raise InputError(f"surfaces must be an integer >= 0, got {surfaces!r}.")
    if isinstance(n_repeats, str):
        raise InputError(f"n_repeats must be an integer >= 1, got {n_repeats!r}.")
    seed = seed_of(random_state)
    if isinstance(features, Iterator):
        features = list(features)
    adapted = as_model(model, device=device, outputs=outputs, classes=classes)
    first = model[0] if isinstance(model, list | tuple) and model else model
    table = as_table(X, None, feature_names, levels_of(first) if isinstance(X, str | Path) else None, seed)
    table, (within, sample_weight) = table.align(within=within, sample_weight=sample_weight)
    deadline = None if max_seconds is None else time.monotonic() + max_seconds
    with Session(adapted) as session:
        data = adapted.encode(table.X, None, missing, False)
        own = {feature.columns: feature for feature in data.features}
        data = replace(
            data, notes=(*table.notes, *data.notes), features=renamed(data.features, table.feature_names)
        )
        chosen = select(data.features, features, groups)
        asked = _asked(pairs, chosen)
        values = row_values(table.X, data, within=within, by=None, sample_weight=sample_weight)
        resources, scale = Resources(batch_size, n_jobs, int(max_memory) * 2**20), measured(adapted, data)
        experiment = Experiment(
            session, data, chosen, scale, values, n_repeats, seed, resources, deadline, progress, surfaces, own, table.X
        )  # fmt: skip
        try:
            return experiment.result(asked)
        except TimeUp:
            raise InputError(
                f"max_seconds={max_seconds:g} ran out before anything was finished; allow more time."
            ) from None


def _asked(pairs: Any, chosen: Sequence[Feature]) -> tuple[tuple[int, int], ...] | None:
    """Places of the pairs asked for among the features; None for those with the largest total index."""
    names = [feature.name for feature in chosen]
    possible = [
        (j, k)
        for j, k in itertools.combinations(range(len(chosen)), 2)
        if not set(chosen[j].columns) & set(chosen[k].columns)
    ]
    if isinstance(pairs, str):
        if pairs not in (AUTO, ALL):
            raise InputError(f'pairs must be "auto", "all" or a list of pairs of names, got {pairs!r}.')
        if not possible:
            raise InputError(f"Two features make a pair, and there is one only: {listing(names)}.")
        return None if pairs == AUTO and len(chosen) > MOST_FEATURES else tuple(possible)
    if not isinstance(pairs, Iterable):
        raise InputError(f'pairs must be "auto", "all" or a list of pairs of names, got {pairs!r}.')
    wanted = []
    for pair in pairs:
        both = names_among(pair, names, "pairs")
        if len(both) != 2:
            raise InputError(f"pairs holds {pair!r}: each pair must have two names.{nearest('', names)}")
        j, k = sorted(map(names.index, both))
        if (j, k) not in possible:
            raise InputError(f"pairs holds {pair!r}, which have a column in common: no pair of two.")
        wanted.append((j, k))
    if not wanted:
        raise InputError("pairs is empty: name at least one pair, or leave it out.")
    return tuple(dict.fromkeys(wanted))
