"""Which rows a model is trained on and which it is measured on; never a row on both sides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest
from weighin._refit.recipes.seeds import seed_at

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("random", "group:COLUMN", "time:COLUMN")
ALLOWED = (
    "'random', 'random:0.25', 'group:COLUMN', 'group:COLUMN:0.25', 'time:COLUMN', 'time:COLUMN:3', a mask that is True "
    "for the rows to test on, or a pair (train rows, test rows) of row numbers"
)
SHARE = 0.2
# no fold has this number: its place among the seeds is that of splits
_SPLITTING = 2**16


class Sides(NamedTuple):
    """Row numbers on both sides of a split."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True)
class Splits:
    """All splits of a plan."""

    # "fixed", "time", "random" or "group"
    kind: str
    text: str
    # what it goes by
    column: str | None
    # for each fold one split, or one for each fit where they are drawn at random
    folds: tuple[tuple[Sides, ...], ...]
    # test rows over training rows (groups, where these are drawn)
    ratio: float

    @property
    def resampled(self) -> bool:
        """Whether every fit has a split of its own."""
        return self.kind in ("random", "group")

    def sides(self, fold: int, fit: int) -> Sides:
        """Rows of one fit."""
        own = self.folds[fold]
        return own[fit if self.resampled else 0]


def make_splits(frame: pd.DataFrame, split: Any, fits: int, random_state: int) -> Splits:
    """Draw the splits of all fits."""
    if isinstance(split, str):
        kind, *rest = split.split(":")
        if kind == "random" and len(rest) <= 1:
            return _random(len(frame), _share(split, rest), fits, random_state)
        if kind == "group" and 1 <= len(rest) <= 2:
            return _by_group(_column(frame, rest[0]), _share(split, rest[1:]), fits, random_state)
        if kind == "time" and 1 <= len(rest) <= 2:
            count = rest[1] if len(rest) == 2 else "1"
            if not re.fullmatch(r"[1-9][0-9]{0,3}", count):
                raise InputError(
                    f"split {split!r}: the number of periods to test on must be 1, 2, ..., got {count!r}."
                )
            return _by_time(_column(frame, rest[0]), int(count))
        raise InputError(f"split must be {ALLOWED}; got {split!r}.{nearest(split, KINDS)}")
    return _given(len(frame), split)


def _given(n_rows: int, split: Any) -> Splits:
    if isinstance(split, tuple) and len(split) == 2:
        sides = Sides(*(_row_numbers(part, n_rows) for part in split))
    else:
        mask = np.asarray(split)
        if mask.dtype != bool or mask.shape != (n_rows,):
            raise InputError(
                f"split must be {ALLOWED}; got {type(split).__name__} of shape {mask.shape} and {mask.dtype} for "
                f"{n_rows} rows."
            )
        sides = Sides(np.flatnonzero(~mask), np.flatnonzero(mask))
    both = np.intersect1d(sides.train, sides.test)
    if len(both):
        raise InputError(f"split has {len(both)} row(s) both to train and to test on, such as row {both[0]}.")
    return _fixed("fixed", "", None, [sides])


def _row_numbers(part: Any, n_rows: int) -> NDArray[np.int64]:
    rows = np.asarray(part)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise InputError(f"split must hold row numbers, got {rows.dtype} of shape {rows.shape}.")
    if rows.size and not (rows.min() >= 0 and rows.max() < n_rows):
        raise InputError(
            f"split must hold row numbers from 0 to {n_rows - 1}, got {rows.min()} to {rows.max()}."
        )
    once = np.unique(rows)
    if len(once) < len(rows):
        raise InputError(f"split holds {len(rows) - len(once)} row number(s) more than once on one side.")
    return once.astype(np.int64)


def _fixed(kind: str, text: str, column: str | None, folds: Sequence[Sides]) -> Splits:
    for sides in folds:
        _check_sizes(sides)
    n_train = " and ".join(f"{len(sides.train):,}" for sides in folds)
    n_test = " and ".join(f"{len(sides.test):,}" for sides in folds)
    sizes = f"trained on {n_train} rows, tested on {n_test} others, the same in every fit"
    ratio = sum(len(sides.test) for sides in folds) / sum(len(sides.train) for sides in folds)
    return Splits(kind, f"{text}{sizes}", column, tuple((sides,) for sides in folds), ratio)


def _by_time(column: pd.Series, count: int) -> Splits:
    try:
        periods = sorted(column.unique().tolist())
    except TypeError:
        raise InputError(f"split by time: {column.name!r} cannot be put in order.") from None
    if len(periods) < count + 1:
        raise InputError(
            f"split by time: testing on {count} period(s) takes at least {count + 1} values of {column.name!r}, "
            f"got {len(periods)}: {listing(periods)}."
        )
    values = column.to_numpy()
    folds = [
        Sides(np.flatnonzero(values < period), np.flatnonzero(values == period))
        for period in periods[-count:]
    ]
    tested = ", ".join(str(period) for period in periods[-count:])
    text = f"{column.name} {tested} after the {column.name}s before: "
    return _fixed("time", text, str(column.name), folds)


def _random(n_rows: int, share: float, fits: int, random_state: int) -> Splits:
    drawn = []
    for fit in range(fits):
        order = np.random.default_rng(seed_at(random_state, _SPLITTING, fit)).permutation(n_rows)
        cut = round(share * n_rows)
        drawn.append(Sides(np.sort(order[cut:]), np.sort(order[:cut])))
    _check_sizes(drawn[0])
    n_train, n_test = len(drawn[0].train), len(drawn[0].test)
    text = f"a random {n_test:,} of {n_rows:,} rows tested on in each fit, the others trained on"
    return Splits("random", text, None, (tuple(drawn),), n_test / n_train)


def _by_group(column: pd.Series, share: float, fits: int, random_state: int) -> Splits:
    import pandas as pd

    codes, groups = pd.factorize(column, sort=False)
    cut = round(share * len(groups))
    if cut < 1 or cut >= len(groups):
        raise InputError(
            f"split by group: {share:g} of the {len(groups)} values of {column.name!r} leave no rows to "
            "train or to test on."
        )
    drawn = []
    for fit in range(fits):
        order = np.random.default_rng(seed_at(random_state, _SPLITTING, fit)).permutation(len(groups))
        tested = np.isin(codes, order[:cut])
        drawn.append(Sides(np.flatnonzero(~tested), np.flatnonzero(tested)))
        _check_sizes(drawn[-1])
    text = (
        f"the rows of a random {cut:,} of {len(groups):,} values of {column.name} tested on in each fit, "
        "the others trained on"
    )
    return Splits("group", text, str(column.name), (tuple(drawn),), cut / (len(groups) - cut))


def _share(split: str, rest: Sequence[str]) -> float:
    if not rest:
        return SHARE
    try:
        share = float(rest[0])
    except ValueError:
        share = np.nan
    if not 0 < share < 1:
        raise InputError(f"split {split!r}: the share to test on must be between 0 and 1, got {rest[0]!r}.")
    return share


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        raise InputError(
            f"split: there is no column {name!r}.{nearest(name, frame.columns)} Columns: {listing(frame.columns, 40)}."
        )
    column = frame[name]
    if column.isna().any():
        raise InputError(f"split: {name!r} is missing in {int(column.isna().sum())} of {len(column)} rows.")
    return column


def _check_sizes(sides: Sides) -> None:
    for name, rows in (("train", sides.train), ("test", sides.test)):
        if len(rows) < 2:
            raise InputError(f"split leaves {len(rows)} row(s) to {name} on; at least 2 are needed.")


def check_leaks(frame: pd.DataFrame, splits: Splits, id: str | None, keep_together: str | None) -> None:
    """Refuse splits with the same id or the same group on both sides."""
    for name, role in ((id, "id"), (keep_together, "keep_together")):
        if name is not None and not isinstance(name, str):
            raise InputError(f"{role} must be the name of a column or None, got {name!r}.")
        if name is not None and name not in frame.columns:
            raise InputError(f"{role}: there is no column {name!r}.{nearest(name, frame.columns)}")
    if id is not None:
        _check_ids(frame[id])
    if keep_together is None or (splits.kind == "group" and splits.column == keep_together):
        return
    values = frame[keep_together].to_numpy()
    for fold in splits.folds:
        for sides in fold:
            both = set(values[sides.train].tolist()) & set(values[sides.test].tolist())
            if both:
                raise InputError(
                    f"The split leaks: {len(both)} value(s) of {keep_together!r} are both trained and "
                    f"tested on, such as {listing(sorted(both, key=str), 3)}. Hint: split='group:{keep_together}'."
                )


def _check_ids(ids: pd.Series) -> None:
    if ids.isna().any():
        raise InputError(f"id: {ids.name!r} is missing in {int(ids.isna().sum())} of {len(ids)} rows.")
    twice = ids[ids.duplicated()].unique().tolist()
    if twice:
        raise InputError(
            f"id: {len(twice)} value(s) of {ids.name!r} occur more than once, such as {listing(twice, 3)}: the same "
            f"row could be trained and tested on. Hint: drop the copies, or pass id=None and split='group:{ids.name}'."
        )
