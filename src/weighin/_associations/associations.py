"""Which columns go together, and what that means for shuffling them: validate, read, associate, cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._associations.association import MEASURES, WIDE, associate
from weighin._associations.clusters import cluster
from weighin._associations.off_data import MOST_CLOSE_UNITS, distance_ratios
from weighin._base.checks import is_real, is_whole, list_of_names, seed_of
from weighin._base.errors import InputError
from weighin._base.progress import tracking
from weighin._base.text import named
from weighin._base.versions import provenance
from weighin._results.associations import Associations
from weighin._results.clusters import chance_level, group_names
from weighin._tables.columns import Column, count_rows, read_columns
from weighin._tables.containers import Table, as_table

N_ROWS = 2000
# columns that are compared with each other: their pairs are held, and written to files, one by one
MOST_COLUMNS = 5000
# association from which two features count as carriers of the same information
SAME = 0.7


def associations(
    X: Any,
    features: Iterable[str] | None = None,
    *,
    feature_names: Iterable[str] | None = None,
    threshold: float = SAME,
    n_rows: int | None = N_ROWS,
    random_state: int | None = None,
    progress: bool | None = None,
) -> Associations:
    """Find the columns that go together, and how far from the data shuffling each one leads.

    Parameters
    ----------
    X : table
        As the model takes it, anything that `weigh` takes; for a learner raw as before training. It stays untouched.
    features : iterable of str, optional
        Which columns, at most 5,000; all by default. Leave the target and row numbers out.
    feature_names : iterable of str, optional
        What to call the columns of a matrix.
    threshold : float
        Association, above 0 and at most 1, from which on features are put into one cluster. On few rows it is raised
        to what chance does not reach, 3.5 / sqrt(n_rows - 1).
    n_rows : int, optional
        Look at so many rows, drawn at random; None for all of them.
    random_state : int, optional
        Seed, >= 0, of what is drawn. Drawn and recorded when not given.
    progress : bool, optional
        Show a progress bar; by default where somebody can see it.

    Returns
    -------
    Associations
        Associations on one scale from 0 to 1, clusters, sentences.

    Raises
    ------
    InputError
        On a table or an argument that cannot be used.

    Notes
    -----
    Numbers, dates, truth values and ordered categories are compared by Spearman's rank correlation, which has a sign;
    categories by Cramer's V; one with the other by the correlation ratio of ranks. The last two are corrected for the
    bias of many levels. A pair is measured on the rows that have both values. None of the three sees that two
    numbers go together in a curve that turns; `Associations.off_data` may.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> X[:, 1] = -X[:, 0] + 0.3 * rng.normal(size=500)
    >>> result = associations(X, random_state=0)
    >>> result.clusters
    (('x0', 'x1'),)
    >>> result.sentence("x0")
    'x0 moves against x1 (−0.94): shuffling one leaves the other in place.'
    """
    check_share("threshold", threshold)
    random_state = seed_of(random_state)
    table = as_table(X, feature_names=feature_names, seed=random_state)
    columns, seed, total = _sample(table, features, n_rows, random_state)
    n = len(columns[0].values)
    floor = chance_level(n)
    with tracking("Comparing columns", 2 * len(columns), progress) as advance:
        measured = associate(columns, advance)
        strength = np.abs(measured.signed)
        members, order = cluster(strength, min(1.0, max(threshold, floor)))
        units = {column.name: (place,) for place, column in enumerate(columns)}
        ratios = distance_ratios(columns, strength, units, np.random.default_rng(seed), advance)
    names = [column.name for column in columns]
    return Associations(
        features=tuple(names),
        kinds=tuple(column.kind for column in columns),
        association=measured.signed,
        measures=_measures(measured.measure),
        clusters=tuple(tuple(names[i] for i in places) for places in members),
        order=tuple(names[i] for i in order),
        off_data=ratios,
        threshold=float(threshold),
        n_rows=n,
        random_state=seed,
        notes=(*table.notes, *_notes(columns, n, total, floor), *_wide(len(columns))),
        **provenance(),
    )


def auto_groups(
    X: Any,
    features: Iterable[str] | None = None,
    *,
    threshold: float = SAME,
    n_rows: int | None = N_ROWS,
    random_state: int | None = None,
) -> dict[str, tuple[str, ...]]:
    """Give the clusters of `associations` as groups to weigh: ``{"home_elo + spread": ("home_elo", "spread")}``.

    The parameters are those of `associations`; empty where no columns go together.
    """
    check_share("threshold", threshold)
    columns, _, _ = _sample(as_table(X), features, n_rows, random_state)
    strength = np.abs(associate(columns).signed)
    level = min(1.0, max(threshold, chance_level(len(columns[0].values))))
    names = [column.name for column in columns]
    members, _ = cluster(strength, level)
    return group_names([[names[i] for i in places] for places in members], names)


def off_data(
    X: Any,
    features: Iterable[str] | None = None,
    random_state: int | None = None,
    *,
    groups: dict[str, tuple[str, ...]] | None = None,
    n_rows: int | None = N_ROWS,
) -> dict[str, float]:
    """Tell how many times as far from the nearest real row a shuffle of each feature puts rows.

    `X`, `features`, `random_state`, `n_rows`: As for `associations`: `features` are all columns a row is looked at by.
    `groups`: Features shuffled together, besides each alone.

    Returns About 1 where a column depends on no other; from 1.5 on, which is a rank correlation of about 0.7, rows
    leave the data. NaN with fewer than 50 rows.
    """
    columns, seed, _ = _sample(as_table(X), features, n_rows, random_state)
    places = {column.name: i for i, column in enumerate(columns)}
    units: dict[str, tuple[int, ...]] = {name: (place,) for name, place in places.items()}
    for group, members in (groups or {}).items():
        unknown = [name for name in members if name not in places]
        if unknown:
            raise InputError(f"groups[{group!r}] names {unknown[0]!r}, which is not one of the features.")
        units[group] = tuple(places[name] for name in members)
    strength = np.abs(associate(columns).signed)
    return distance_ratios(columns, strength, units, np.random.default_rng(seed))


def _sample(
    table: Table, features: Iterable[str] | None, n_rows: int | None, random_state: int | None
) -> tuple[tuple[Column, ...], int, int]:
    """Read some rows, drawn at random; with the seed and the number of all rows."""
    if n_rows is not None and not is_whole(n_rows, 2):
        raise InputError(f"n_rows must be an integer >= 2 or None, got {n_rows!r}.")
    seed = seed_of(random_state)
    X = table.X
    total = 0 if X is None or not hasattr(X, "__len__") else count_rows(X)
    rows = None
    if n_rows is not None and total > n_rows:
        rows = np.sort(np.random.default_rng(seed).choice(total, n_rows, replace=False))
    wanted = None if features is None else list_of_names(features, "features")
    n_columns = np.shape(X)[1] if wanted is None and hasattr(X, "shape") and len(X.shape) == 2 else 0
    _check_columns(len(wanted) if wanted is not None else n_columns)
    columns = read_columns(X, wanted, rows, table.feature_names)
    _check_columns(len(columns))
    if not columns:
        raise InputError("There are no columns to compare: X has none, or features is empty.")
    if len(columns[0].values) < 2:
        raise InputError(f"X has {len(columns[0].values)} row(s); comparing columns takes at least 2 rows.")
    return columns, seed, total


def _measures(measure: NDArray[np.int8]) -> tuple[tuple[str, ...], ...]:
    """Names of measures; rows that are alike are one object, since there are few kinds of columns."""
    kinds: dict[bytes, tuple[str, ...]] = {}
    for row in measure:
        if row.tobytes() not in kinds:
            kinds[row.tobytes()] = tuple(MEASURES[m] for m in row.tolist())
    return tuple(kinds[row.tobytes()] for row in measure)


def _wide(n_columns: int) -> tuple[str, ...]:
    """What is done otherwise for many columns."""
    if n_columns <= WIDE:
        return ()
    return (
        f"Of {n_columns:,} columns, shuffled rows were looked at for the {MOST_CLOSE_UNITS} that go closest with "
        "another one; ranks of columns with missing values are those among all their values.",
    )


def _notes(columns: tuple[Column, ...], n: int, total: int, floor: float) -> list[str]:
    notes = []
    if n < total:
        notes.append(f"{n:,} of {total:,} rows, drawn at random.")
    if floor > SAME:
        notes.append(f"On {n} rows, chance alone makes associations of up to {floor:.2f}.")
    empty: list[str] = []
    alone: list[str] = []
    ids: list[str] = []
    for column in columns:
        values = column.values[~np.isnan(column.values)]
        distinct = len(np.unique(values))
        if distinct < 2:
            (alone if distinct else empty).append(column.name)
        elif not column.ranked and 2 * distinct > len(values):
            ids.append(f"{column.name} has {distinct:,} levels on {len(values):,} rows")
    for names, what in ((empty, "no values"), (alone, "one value")):
        if names:
            notes.append(f"{named(names)} {_has(names)} {what}: nothing goes with {_it(names)}.")
    if ids:
        notes.append(f"{named(ids)}, like an id: not compared.")
    return notes


def _has(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _check_columns(n_columns: int) -> None:
    if n_columns > MOST_COLUMNS:
        raise InputError(
            f"X has {n_columns:,} columns to compare, and at most {MOST_COLUMNS:,} are compared with each other: name "
            "fewer in features, such as those that weigh most."
        )


def check_share(name: str, value: Any) -> None:
    """Raise unless a number is above 0 and at most 1."""
    if not is_real(value) or not 0 < float(value) <= 1:
        raise InputError(f"{name} must be a number above 0 and at most 1, got {value!r}.")
