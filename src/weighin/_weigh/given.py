"""What features are shuffled given: the columns named, what they tell of each feature, who gives to whom then."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import names_among
from weighin._base.errors import InputError, ModelError, listing, nearest
from weighin._base.text import named
from weighin._engine.moving import MovingSampler
from weighin._engine.workers import blas, one_blas_thread
from weighin._inference.given_evidence import Offer
from weighin._metrics import Metric
from weighin._models import Model
from weighin._models.protocol import Encoded
from weighin._results.given_feature import GivenFeature
from weighin._samplers import Block, MarginalSampler
from weighin._samplers.conditional import GivenModel, RawColumn, Unit, fit_given
from weighin._tables.columns import Column
from weighin._tables.features import Feature
from weighin._tables.mover import Mover

REST, PER_FEATURE = "rest", "per feature"
# from which on numbers that name categories are taken as names
MOST_LEVELS = 12
# of a plan that is sent to other rows
_NO_MOVER = cast("Mover", None)
# below which the intervals were not studied
FEW_ROWS = 200


def asked_for(given: Any) -> list[Any]:
    """What features are to be shuffled given, one after the other: a list of names is one, ``[None, "rest"]`` two."""
    several = isinstance(given, list | tuple) and any(
        not isinstance(one, str) or one == REST for one in given
    )
    asked = list(given) if several else [given]
    for one in asked:
        if one is not None and not isinstance(one, str | list | tuple | Mapping):
            raise InputError(
                f'given must be None, "{REST}", names of columns, a mapping of features to these, or a list of those; '
                f"got {one!r}."
            )
    labels = ["nothing" if one is None else _label(one) for one in asked]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise InputError(f"given asks for {twice} more than once.")
    return asked


@dataclass(frozen=True)
class GivenPlan:
    """How features are shuffled given other columns.

    Attributes
    ----------
    label : str
        What they are shuffled given, for the reader: "rest", names, or "per feature".
    units : dict of str to Unit
        What is swapped, by name.
    model : GivenModel
        What the given columns tell.
    mover : Mover
        Makes rows with moved values.
    values : dict of str to ndarray of shape (n_rows,)
        Of columns that take only values some row has.
    columns : tuple of Column
        The raw columns, without values: their kinds and levels.
    rows_sum : str
        Sum of the rows that the given columns were looked at on.
    reports : dict of str to GivenFeature
        How much the given columns explain of each, once there is a sampler.
    """

    label: str
    units: Mapping[str, Unit]
    model: GivenModel
    mover: Mover
    values: Mapping[str, NDArray[np.float64]]
    columns: tuple[Column, ...]
    rows_sum: str
    reports: dict[str, GivenFeature] = field(default_factory=dict)

    def sampler(self, free: MarginalSampler) -> MovingSampler:
        """The same blocks with donors that fit."""
        first = next(free.blocks())
        for name, unit in self.units.items():
            # once: shuffles as many as needed still leave bins as they are
            if unit.given and name not in self.reports:
                with one_blas_thread(blas()):
                    self.reports[name] = self._report(unit, first, free)
        lam = {name: report.lam for name, report in self.reports.items()}
        offer: dict[str, Offer] = {
            name: "nothing" for name, report in self.reports.items() if report.inseparable_from
        }
        return MovingSampler(free, self.model, self.units, self.mover, self.values, lam, offer)

    def without_rows(self) -> GivenPlan:
        """The same without the rows it was made on: to be sent to those who have others."""
        empty = [replace(column, values=column.values[:0]) for column in self.model.columns]
        return replace(self, model=self.model.on(empty), mover=_NO_MOVER, values={})

    def on(self, model: Model, data: Encoded, X: Any) -> GivenPlan:
        """The same on other rows: what the given columns tell stays as it is.

        Raises
        ------
        InputError
            If a column is of another kind there.
        ModelError
            If numbers cannot be encoded as the table's are: tried on all rows.
        """
        names = {column.name for column in self.columns}
        features = [feature for feature in data.features if feature.name in names]
        mover = model.mover(data, X)
        columns = model.raw_columns(data, features, X, MOST_LEVELS)
        raw = [
            RawColumn(column.name, _as_before(column, before), kind.kind)
            for column, before, kind in zip(columns, self.columns, self.model.columns, strict=True)
        ]
        _check_moves(mover, model, data, raw)
        values = {column.name: column.values for column in raw if column.kind != "number"}
        return replace(self, model=self.model.on(raw), mover=mover, values=values)

    def _report(self, unit: Unit, block: Block, free: MarginalSampler) -> GivenFeature:
        report = self.model.report(unit, free.n_repeats, free.strata)
        # of the first block alone: it is a check, and blocks are random
        off_data, off_data_free = (
            self.model.off_data(unit, block, swap)
            for swap in (self.model.swaps(unit, block, 0), self.model.shuffled(unit, block))
        )
        return GivenFeature(
            report.own_share,
            report.lam,
            report.leverage,
            report.n_fit,
            off_data,
            off_data_free,
            given=unit.given,
            correlated=tuple(report.companions),
            inseparable_from=tuple(report.inseparable_from),
        )


def check_given(metrics: Sequence[Metric], weighted: bool) -> None:
    """Refuse what cannot be measured given other columns.

    Raises
    ------
    InputError
        Naming the metric.
    """
    for metric in metrics:
        if not metric.by_rows:
            raise InputError(
                f"given needs metrics that each row adds its part to, such as 'mae', 'log_loss' or 'roc_auc', and "
                f"{metric.name!r} is of unknown form."
            )
        if weighted and metric.per_row is None:
            raise InputError(
                f"given takes sample_weight with metrics that are means over rows, or functions of one, and "
                f"{metric.name!r} is not: leave one of the three out."
            )


def plan_given(
    given: Any, model: Model, data: Encoded, X: Any, chosen: Sequence[Feature], seed: int
) -> tuple[GivenPlan | None, tuple[str, ...]]:
    """Find what the given columns tell of each feature; None where nothing is given. And what a reader must know.

    Raises
    ------
    InputError
        On columns that the model does not have, and on features given themselves.
    ModelError
        If numbers cannot be encoded as the table's are: tried on all rows.
    """
    units, notes = _units(given, chosen, [feature.name for feature in data.features])
    if not any(unit.given for unit in units.values()):
        return None, tuple(notes)
    needed = {name for unit in units.values() for name in (*unit.members, *unit.given)}
    features = [feature for feature in data.features if feature.name in needed]
    mover = model.mover(data, X)
    columns = model.raw_columns(data, features, X, MOST_LEVELS)
    raw = [_raw(column, mover) for column in columns]
    _check_moves(mover, model, data, raw)
    # many small products: threads wait for each other, six times as long
    with one_blas_thread(blas()):
        fitted = fit_given(raw, [unit for unit in units.values() if unit.given], seed=seed)
    if data.rows.n_rows < FEW_ROWS:
        notes.append(
            f"Importance given other columns was not studied on fewer than {FEW_ROWS} rows; here are "
            f"{data.rows.n_rows}."
        )
    values = {column.name: column.values for column in raw if column.kind != "number"}
    plain = tuple(column.take(slice(0, 0)) for column in columns)
    total = hashlib.sha256(b"".join(column.values.tobytes() for column in raw)).hexdigest()[:16]
    return GivenPlan(_label(given), units, fitted, mover, values, plain, total), tuple(notes)


def _check_moves(mover: Mover, model: Model, data: Encoded, raw: Sequence[RawColumn]) -> None:
    """Refuse numbers that cannot be moved.

    Raises
    ------
    ModelError
        On a model that encodes them in a way of its own: tried on all rows.
    """
    numbers = {column.name: column.values for column in raw if column.kind == "number"}
    if not mover.keeps(data.rows, numbers):
        raise ModelError(
            f"The {model.name} encodes numbers in a way that weighin does not follow, so none can be moved: give an "
            "encoder before a network, (encoder, network), or leave given out."
        )


def _as_before(column: Column, before: Column) -> NDArray[np.float64]:
    """Values of a column with the places that levels had before; new levels come after these.

    Raises
    ------
    InputError
        If it is of another kind, or an order has levels it had not.
    """
    if column.kind != before.kind:
        raise InputError(
            f"The column {column.name!r} is {column.kind} here and {before.kind} in the rows that given was fitted on: "
            "give it the same type everywhere."
        )
    if column.levels == before.levels:
        return column.values
    new = [level for level in column.levels if level not in before.levels]
    if new and column.ranked:
        raise InputError(
            f"The ordered column {column.name!r} has levels here that the rows had not that given was fitted on: "
            f"{listing(new, 5)}."
        )
    places = {level: place for place, level in enumerate((*before.levels, *new))}
    codes = np.array([*(places[level] for level in column.levels), np.nan])
    return codes[np.where(np.isnan(column.values), -1, column.values).astype(np.int64)]


def _raw(column: Column, mover: Mover) -> RawColumn:
    """Numbers of any value where the rows take them; else those that some row has."""
    ranked = column.kind in ("numeric", "date") or (column.ranked and len(column.levels) > MOST_LEVELS)
    if not ranked:
        return RawColumn(column.name, column.values, "category")
    present = column.values[~np.isnan(column.values)]
    whole = bool((np.mod(present, 1) == 0).all())
    any_number = column.kind == "numeric" and not whole and mover.writes(column.name)
    return RawColumn(column.name, column.values, "number" if any_number else "integer")


def _label(given: Any) -> str:
    if isinstance(given, Mapping):
        return PER_FEATURE
    return given if isinstance(given, str) else ", ".join(map(str, given))


def _units(
    given: Any, chosen: Sequence[Feature], available: Sequence[str]
) -> tuple[dict[str, Unit], list[str]]:
    """What each feature and group is shuffled given, and notes on those that are not as asked."""
    if isinstance(given, Mapping):
        names = [feature.name for feature in chosen]
        for key in given:
            if key not in names:
                raise InputError(
                    f"given names {key!r}, which is not weighed.{nearest(key, names)} Weighed: {listing(names, 40)}."
                )
    units, notes = {}, []
    for feature in chosen:
        members = feature.members or (feature.name,)
        own = given.get(feature.name) if isinstance(given, Mapping) else given
        where = f"given[{feature.name!r}]" if isinstance(given, Mapping) else "given"
        columns = _columns(own, available, where)
        left = tuple(name for name in columns if name not in members)
        if len(left) < len(columns) and own != REST:
            if isinstance(given, Mapping):
                itself = named([name for name in columns if name in members])
                raise InputError(
                    f"{where} names {itself}, which is what is shuffled: leave it out, or give other columns."
                )
            if not left:
                notes.append(f"{feature.name} is what the others are given: it was shuffled freely.")
        elif own == REST and not left:
            notes.append(f"No column is left that {feature.name} could be given: it was shuffled freely.")
        units[feature.name] = Unit(feature.name, members, left)
    return units, notes


def _columns(given: Any, available: Sequence[str], where: str) -> Sequence[str]:
    """Names of given columns."""
    if given is None:
        return ()
    if isinstance(given, str):
        return available if given == REST else names_among([given], available, where)
    return names_among(given, available, where)
