"""Which variants of a model are to be trained: what is dropped, added, replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin._base.errors import InputError, listing, nearest
from weighin._refit.ablate.expression import evaluate
from weighin._refit.recipes.fingerprint import digest, of_frame
from weighin._refit.recipes.recipe import Recipe, unknown_feature
from weighin._tables.sql import columns_in

if TYPE_CHECKING:
    import pandas as pd

EACH, NEAR_ZERO = "each", "near-zero"


@dataclass(frozen=True)
class Variant:
    """Another set of features."""

    label: str
    # "full", "drop", "add" or "replace"
    kind: str
    features: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def key(self, frame: pd.DataFrame) -> str:
        """Sum of what it is trained on, for file names."""
        return digest(repr(self.features) + of_frame(frame[list(self.added)]))


@dataclass
class Plan:
    """The table with every new column, and the variants."""

    recipe: Recipe
    # the table; columns are added to it
    frame: pd.DataFrame
    # without the full one
    variants: list[Variant] = field(default_factory=list)
    # of each variant, by what it drops and adds
    _label_of: dict[tuple[frozenset[str], frozenset[str]], str] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def full(self) -> Variant:
        """The model as it is."""
        return Variant("full", "full", self.recipe.features)

    def drop(self, names: Iterable[str], label: str | None = None) -> None:
        """Add a variant without some features."""
        dropped = self._known(names)
        self._append("drop", label or " + ".join(dropped), dropped, ())

    def add(self, columns: Mapping[str, Any], label: str | None = None) -> None:
        """Add a variant with more columns."""
        self._append("add", label or " + ".join(columns), (), self._columns(columns))

    def replace(self, names: Iterable[str], columns: Mapping[str, Any]) -> None:
        """Add a variant with columns in place of features."""
        dropped = self._known(names)
        added = self._columns(columns)
        self._append("replace", f"{' + '.join(added)} for {' + '.join(dropped)}", dropped, added)

    def _append(self, kind: str, label: str, dropped: tuple[str, ...], added: tuple[str, ...]) -> None:
        features = tuple(name for name in self.recipe.features if name not in dropped) + added
        if not features:
            raise InputError(f"{kind} {label!r} leaves no feature to train on.")
        labels = self._label_of.values()
        if label in labels or label == "full":
            raise InputError(f"There is more than one variant {label!r}; give each its own label.")
        difference = frozenset(dropped), frozenset(added)
        if difference in self._label_of:
            raise InputError(f"The variants {self._label_of[difference]!r} and {label!r} are the same.")
        self._label_of[difference] = label
        self.variants.append(Variant(label, kind, features, dropped, added))

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        chosen = tuple(names)
        for name in chosen:
            if name not in self.recipe.features:
                raise unknown_feature(name, self.recipe)
        if not chosen or len(set(chosen)) < len(chosen):
            raise InputError(
                f"Features to drop must be one or more different features, got {listing(chosen) or 'none'}."
            )
        return chosen

    def _columns(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        for name, source in columns.items():
            if not isinstance(name, str) or not name.strip():
                raise InputError(f"The name of a new column must be text, got {name!r}.")
            if name in self.recipe.features:
                raise InputError(f"{name!r} is already a feature; adding it again changes nothing.")
            if name in self.recipe.target:
                raise InputError(f"{name!r} is the target: the model would be given the answer.")
            self._make(name, source)
        return tuple(columns)

    def _make(self, name: str, source: Any) -> None:
        """Put a new column into the table."""
        frame, target = self.frame, self.recipe.target
        if name in frame.columns:
            if source is None or (isinstance(source, str) and source == name):
                return
            raise InputError(
                f"{name!r} is already a column of the table: give the computed column another name."
            )
        if source is None:
            raise InputError(
                f"There is no column {name!r} to add.{nearest(name, frame.columns)} Columns: "
                f"{listing(frame.columns, 40)}. Give a new column as add={{{name!r}: 'an expression over "
                "columns'}."
            )
        values: Any
        if isinstance(source, str):
            if source in target:
                raise InputError(f"{source!r} is the target: the model would be given the answer.")
            values = frame[source] if source in frame.columns else evaluate(source, frame, target)
        elif callable(source):
            values = self._called(name, source)
        else:
            values = self._aligned(name, source)
        self.frame = frame.assign(**{name: values})
        if self.frame[name].isna().all():
            raise InputError(f"The new column {name!r} holds only missing values.")

    def _called(self, name: str, function: Callable[[Any], Any]) -> Any:
        # it cannot tell the answer
        blind = self.frame.drop(columns=list(self.recipe.target))
        try:
            values = function(blind)
        except KeyError as error:
            raise InputError(
                f"The function for {name!r} asks for {error}, which is not a column (the target is withheld)."
            ) from error
        return self._aligned(name, values)

    def _aligned(self, name: str, values: Any) -> Any:
        """Values by position; a pandas index that says otherwise is refused."""
        n_rows = len(self.frame)
        if np.ndim(values) != 1 or len(values) != n_rows:
            held = "" if self.recipe.train_rows is None else " (the recipe's training rows, then those given)"
            raise InputError(
                f"The new column {name!r} must hold a value for each of the {n_rows} rows{held}, got shape "
                f"{np.shape(values)}. Hint: an expression, or a function of the table."
            )
        # of a pandas Series; a list has a method of that name
        own: Any = getattr(values, "index", None)
        # as in the table given, or numbered from 0: by position
        if hasattr(own, "equals") and not (own.equals(self.frame.index) or own.equals(_numbered(n_rows))):
            raise InputError(
                f"The index of the new column {name!r} is not that of the table, or is in another order. "
                "Hint: reindex it, or pass its .to_numpy()."
            )
        return values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)


def _numbered(n_rows: int) -> Any:
    import pandas as pd

    return pd.RangeIndex(n_rows)


def make_plan(recipe: Recipe, frame: pd.DataFrame, drop: Any, add: Any, replace: Any) -> tuple[Plan, bool]:
    """Read what is to be dropped, added and replaced; say whether the features near zero are to be found, too."""
    plan = Plan(recipe, frame)
    near_zero = False
    for label, names in _entries(drop, "drop"):
        if names in (EACH, NEAR_ZERO) and names not in recipe.features:
            near_zero |= names == NEAR_ZERO
            for name in recipe.features if names == EACH else ():
                plan.drop([name])
            continue
        if not isinstance(names, str | list | tuple):
            raise InputError(f"drop must hold names of features and lists of them, got {names!r:.80}.")
        plan.drop([names] if isinstance(names, str) else names, label)
    for label, source in _entries(add, "add"):
        if isinstance(source, list | tuple) and all(isinstance(name, str) for name in source):
            plan.add(dict.fromkeys(source), label)
        elif isinstance(source, Mapping):
            plan.add(source, label)
        else:
            name = label if label is not None else str(source)
            plan.add({name: source if label is not None else None})
    for names, source in _pairs(replace):
        plan.replace(names, _replacement(source, plan.frame))
    if not plan.variants and not near_zero:
        raise InputError("Nothing to try: pass drop=, add= or replace=; drop='each' tries every feature.")
    return plan, near_zero


def _entries(option: Any, what: str) -> list[tuple[str | None, Any]]:
    """Labels and contents of an argument: one name, several, or a mapping."""
    if option is None:
        return []
    if isinstance(option, str):
        return [(None, option)]
    if isinstance(option, Mapping):
        return [(str(label), content) for label, content in option.items()]
    if isinstance(option, list | tuple):
        return [(None, content) for content in option]
    raise InputError(f"{what} must be a name, a list of names or a mapping, got {type(option).__name__}.")


def _pairs(option: Any) -> list[tuple[list[str], Any]]:
    if option is None:
        return []
    if not isinstance(option, Mapping):
        raise InputError(
            "replace must map features to what comes in their place, such as "
            f"{{'home_elo,away_elo': {{'elo_diff': 'home_elo - away_elo'}}}}, got {type(option).__name__}."
        )
    return [
        ([name.strip() for name in names.split(",")] if isinstance(names, str) else list(names), source)
        for names, source in option.items()
    ]


def _replacement(source: Any, frame: pd.DataFrame) -> dict[str, Any]:
    if isinstance(source, Mapping):
        return dict(source)
    if isinstance(source, str):
        name, sign, text = source.partition("=")
        if sign and not text.startswith("=") and not name.endswith(("<", ">", "!")):
            return {name.strip(): text.strip()}
        if source in frame.columns:
            return {source: None}
        return {source: source if columns_in(source) else None}
    if isinstance(source, Sequence) and all(isinstance(name, str) for name in source):
        return dict.fromkeys(source)
    raise InputError(f"replace must give column names or expressions, got {source!r:.80}.")
