"""Check a table against what a fastai learner was trained on, before fastai sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from weighin._base.errors import InputError, listing
from weighin._tables.features import Feature
from weighin._tables.frames import check_columns, to_pandas


@dataclass(frozen=True)
class TableRules:
    """What a learner's procs learned from the training table.

    `cat_names`, `cont_names`, `y_names`: raw columns: indicators that FillMissing adds are not among them.
    `classes`: categories seen in training, without the one for missing values.
    `gaps`: categorical columns with missing values in training; None for an exported learner, which has forgotten.
    `filled`: continuous columns FillMissing fills.
    `means`: training means, from Normalize; empty without it.
    `vocab`: classes of a categorical target.
    """

    cat_names: tuple[str, ...]
    cont_names: tuple[str, ...]
    y_names: tuple[str, ...]
    classes: dict[str, list[Any]]
    gaps: frozenset[str] | None
    filled: frozenset[str]
    means: dict[str, float]
    vocab: list[Any] | None


def read_rules(to: Any) -> tuple[TableRules, tuple[Feature, ...]]:
    """Read a learner's ``train_ds`` into the rules and the features with the encoded columns each one owns."""
    procs = {kind.__name__: proc for proc in to.procs.fs for kind in type(proc).__mro__}
    fill = procs.get("FillMissing")
    filled = dict(getattr(fill, "na_dict", {}))
    indicators = {f"{name}_na": name for name in filled} if getattr(fill, "add_col", False) else {}
    cat_names, cont_names = list(to.cat_names), list(to.cont_names)
    owned: dict[str, list[int]] = {}
    for position, name in enumerate([*cat_names, *cont_names]):
        owned.setdefault(indicators.get(name, name), []).append(position)
    raw_cats = tuple(name for name in cat_names if name not in indicators)
    order = [*raw_cats, *cont_names]
    categorify = procs.get("Categorify")
    # then there is a column of yes and no for each label, which the vocab names
    several = "EncodedMultiCategorize" in procs
    vocab = None if several else getattr(procs.get("Categorize"), "vocab", None)
    rules = TableRules(
        raw_cats,
        tuple(cont_names),
        tuple(to.y_names),
        {name: list(categorify.classes[name])[1:] for name in raw_cats} if categorify else {},
        _gaps(to, raw_cats) if categorify else None,
        frozenset(filled),
        dict(getattr(procs.get("Normalize"), "means", {})),
        list(vocab) if vocab is not None else None,
    )
    return rules, tuple(Feature(name, tuple(owned[name])) for name in order)


def _gaps(to: Any, cat_names: Sequence[str]) -> frozenset[str] | None:
    items = to.items
    if not len(items):
        return None
    # Categorify's code of missing values
    return frozenset(name for name in cat_names if (items[name] == 0).any())


def prepare(
    X: Any, y: Any, rules: TableRules, missing: str, needs_target: bool
) -> tuple[pd.DataFrame, list[str]]:
    """Give a new frame fastai can encode, its index the positions in the table, and notes for the reader.

    Raises InputError on missing columns, fewer than two rows, values of the wrong kind, missing values the network has
    never seen, a missing target.
    """
    names = [*rules.cat_names, *rules.cont_names]
    check_columns(X, names, "the network takes")
    if not needs_target:
        y = None
    targets = _targets(X, y, rules) if needs_target else []
    frame = to_pandas(X, [*names, *(targets if y is None else ())])
    if y is not None:
        _attach(frame, y, rules.y_names)
    if len(frame) < 2:
        raise InputError(f"Swapping values needs at least 2 rows, got {len(frame)}.")
    notes: list[str] = []
    empty = [name for name in names if frame[name].isna().all()]
    if empty:
        raise InputError(f"Only missing values in {listing(empty)}: there is nothing to swap.")
    for name in rules.cont_names:
        _check_numeric(frame, name, "continuous")
    _check_targets(frame, targets, rules.vocab)
    frame = _handle_missing(frame, rules, targets, missing, notes)
    for name in rules.cat_names:
        _check_categories(frame, name, rules, notes)
    return frame, notes


def _targets(X: Any, y: Any, rules: TableRules) -> list[str]:
    if y is None:
        try:
            check_columns(X, rules.y_names, "the network was trained to predict")
        except InputError as error:
            raise InputError(
                f"{error}\nGive the target, or use metric='prediction_change', which needs none."
            ) from None
    return list(rules.y_names)


def _attach(frame: pd.DataFrame, y: Any, y_names: Sequence[str]) -> None:
    values = y.to_numpy() if hasattr(y, "to_numpy") else np.asarray(y)
    values = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
    if values.shape != (len(frame), len(y_names)):
        raise InputError(
            f"y must have {len(frame)} rows and {len(y_names)} column(s) ({listing(y_names)}), "
            f"got {values.shape[0]} rows and {values.shape[1]} column(s)."
        )
    for position, name in enumerate(y_names):
        frame[name] = values[:, position]


def _check_numeric(frame: pd.DataFrame, name: str, role: str) -> None:
    column = frame[name]
    kind = column.dtype
    number = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    if not number:
        odd = _first_not_number(column)
        if odd is None and pd.api.types.is_object_dtype(kind):
            # numbers and None in an object column
            column = pd.to_numeric(column)
        else:
            raise InputError(
                f"Column {name!r} is {role}: numbers expected, got {kind}"
                + (f" with {odd!r} in row {column.tolist().index(odd)}." if odd is not None else ".")
                + f" Hint: pd.to_numeric(df[{name!r}])."
            )
    # extension types (Int64, arrow) and truth values become plain floats; fastai takes nothing else
    plain = isinstance(column.dtype, np.dtype) and column.dtype != bool
    frame[name] = column if plain else column.astype(float)
    infinite = np.isinf(frame[name].to_numpy(dtype=float, na_value=np.nan)).sum()
    if infinite:
        raise InputError(f"Column {name!r} has {infinite} infinite value(s); numbers must be finite.")


def _first_not_number(column: pd.Series) -> Any:
    for value in column.dropna():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            return value
    return None


def _check_targets(frame: pd.DataFrame, targets: Sequence[str], vocab: list[Any] | None) -> None:
    for name in targets:
        if vocab is None:
            _check_numeric(frame, name, "the target")
            continue
        unknown = [value for value in frame[name].dropna().unique() if value not in vocab]
        if unknown:
            raise InputError(
                f"The target {name!r} has classes the network was not trained on: {listing(unknown)}. "
                f"Classes: {listing(vocab)}."
            )
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].astype(object)


def _handle_missing(
    frame: pd.DataFrame, rules: TableRules, targets: Sequence[str], missing: str, notes: list[str]
) -> pd.DataFrame:
    new = [name for name in rules.cont_names if name not in rules.filled]
    counts = {name: int(frame[name].isna().sum()) for name in [*new, *targets]}
    counts = {name: count for name, count in counts.items() if count}
    if not counts:
        return frame
    where = ", ".join(f"{name!r} ({count} of {len(frame)} rows)" for name, count in counts.items())
    drop = "Leave those rows out (df.dropna, or missing=drop)"
    blind = [name for name in counts if name in targets]
    without = [name for name in counts if name not in rules.means]
    if blind and missing != "drop":
        raise InputError(f"Missing values in {where}: nothing can stand in for a target. {drop}.")
    if missing == "raise":
        mean = "" if without else ", or fill them with the training mean (missing=mean)"
        raise InputError(
            f"Missing values where training had none: {where}. fastai cannot fill them. {drop}{mean}."
        )
    if missing == "mean":
        if without:
            raise InputError(
                f"The training mean of {listing(without)} is not known, so missing=mean cannot fill them: "
                f"the network was trained without Normalize. {drop}."
            )
        for name in counts:
            frame[name] = frame[name].fillna(rules.means[name])
        notes.append(f"Missing values filled with the training mean: {where}.")
        return frame
    # its index says which rows of the table are left
    kept = frame.dropna(subset=list(counts))
    if len(kept) < 2:
        raise InputError(f"Only {len(kept)} of {len(frame)} rows have no missing values in {where}.")
    notes.append(f"{len(frame) - len(kept)} of {len(frame)} rows left out for missing values in {where}.")
    return kept


def _check_categories(frame: pd.DataFrame, name: str, rules: TableRules, notes: list[str]) -> None:
    column = frame[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        # fastai takes the codes of a categorical column as they are, whatever its categories: give it the values
        frame[name] = column = column.astype(object)
    if name not in rules.classes:
        if not pd.api.types.is_integer_dtype(column.dtype):
            raise InputError(
                f"Column {name!r} is categorical and the learner has no Categorify: codes expected, got {column.dtype}."
            )
        return
    odd = next((value for value in column if isinstance(value, list | dict | set | np.ndarray)), None)
    if odd is not None:
        raise InputError(
            f"Column {name!r} is categorical and holds a {type(odd).__name__}, {odd!r:.60}; each row needs one value. "
            f"Hint: df.explode({name!r}), or join them to a text."
        )
    levels = rules.classes[name]
    empty = int(column.isna().sum())
    if empty and (rules.gaps is None or name not in rules.gaps):
        notes.append(
            f"{empty} of {len(column)} rows have no {name}"
            + (", which no row lacked in training" if rules.gaps is not None else "")
            + ": the network takes its category for missing values."
        )
    # as pandas' Categorical finds them
    codes = pd.CategoricalDtype(levels).categories.get_indexer_for(pd.Index(column))
    unseen = (codes < 0) & column.notna().to_numpy()
    if not unseen.any():
        return
    values = list(pd.unique(column[unseen]))
    if unseen.sum() == column.notna().sum() and levels and _kind(levels[0]) != _kind(values[0]):
        raise InputError(
            f"Column {name!r} holds {_kind(values[0])} like {_plain(values[0])!r}; "
            f"the network was trained on {_kind(levels[0])} like {_plain(levels[0])!r}."
        )
    # what pandas' Categorical makes of it, warning
    frame[name] = column.astype(object).mask(unseen, np.nan)
    notes.append(
        f"{int(unseen.sum())} of {len(column)} rows have a {name} unseen in training ({listing(values, 5)}); "
        "the network treats it as missing, as fastai does."
    )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool | np.bool_):
        return "truth values"
    return "numbers" if np.isscalar(value) else type(value).__name__
