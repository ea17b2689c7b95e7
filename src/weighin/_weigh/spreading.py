"""Which features get donors spread over their values, and by what order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine import Resources, Session
from weighin._engine.arrays import on_host
from weighin._models.protocol import Encoded
from weighin._models.raw_columns import encoded_values
from weighin._samplers import MarginalSampler, Positions, SpreadSampler
from weighin._tables.arrays import ArrayRows
from weighin._tables.features import Feature
from weighin._tables.frame_rows import FrameRows, values_of

# that tell which column of a feature has an order, and what a model predicts of each level
LOOK_ROWS = 1024
# of a feature without an order, at most; all pairs of rows of more are as good as any
LEVELS = 256
# means of levels that are nearer than this part of how far all lie apart have no order: they may be rounding
ALIKE = 1e-4

# whether runs take such donors where they may
BY_DEFAULT = False

Values = Callable[[Positions], NDArray[Any]]


def spread_over_values(
    session: Session,
    data: Encoded,
    features: Sequence[Feature],
    free: MarginalSampler,
    response: str,
    resources: Resources,
) -> SpreadSampler | None:
    """Donors of their own for all features that have an order; None where none has.

    Numbers, dates and truth values come in their order; levels in that of the mean prediction of a few rows of each, as
    they are. Groups, and columns that take more than 256 levels, have none.

    `free`: cuts them into blocks, see `weighin._samplers.spread.holds`. `response`: as metrics have
    it. `resources`: what the run may use.
    """
    rows, look = data.rows, next(free.blocks()).rows
    assert look is not None
    look = look[:LOOK_ROWS]
    values: dict[str, Values] = {}
    levelled: dict[str, NDArray[np.integer]] = {}
    for feature in features:
        if feature.members:
            continue
        numbers = _numbers(rows, feature, look)
        if numbers is not None:
            values[feature.name] = numbers
        elif (codes := rows.levels(feature.columns, LEVELS)) is not None:
            levelled[feature.name] = codes
    pred = None
    # of two levels, one order is as good as the other
    if any(codes.max(initial=0) > 1 for codes in levelled.values()):
        pred = session.predict_some(rows, look, response, resources)
    for name, codes in levelled.items():
        if codes.max(initial=0) <= 1:
            values[name] = codes.__getitem__
        elif pred is not None:
            order = _places(codes[look], on_host(pred).astype(np.float64), int(codes.max()) + 1)
            values[name] = partial(_at, order, codes)
    places = {feature.name: place for place, feature in enumerate(data.features)}
    return SpreadSampler(free, values, places, frozenset(levelled)) if values else None


def _numbers(rows: Any, feature: Feature, look: Positions) -> Values | None:
    """What gives the numbers of some rows, for a feature that is one; None for levels."""
    if isinstance(rows, FrameRows) and len(feature.columns) == 1:
        column = values_of(rows.frame[:, feature.columns[0]])
        return column.__getitem__ if column.dtype.kind in "fiubmM" else None
    if not isinstance(rows, ArrayRows):
        return None
    columns = [encoded_values(rows, column) for column in feature.columns]
    # whole numbers beside another matrix are the codes of embeddings
    kinds = "f" if len(rows.parts) > 1 else "fiub"
    found = [column for column in columns if column.dtype.kind in kinds]
    if len(found) > 1:
        # a number beside what tells that it is missing; else a level is spelled by several columns
        n_distinct = [len(np.unique(column[look])) for column in found]
        most = int(np.argmax(n_distinct))
        if any(n > 2 for place, n in enumerate(n_distinct) if place != most) or n_distinct[most] <= 2:
            return None
        found = [found[most]]
    return found[0].__getitem__ if found else None


def _places(codes: NDArray[np.integer], pred: NDArray[np.float64], n_levels: int) -> NDArray[np.int64]:
    """Place of each level by its mean prediction: that of the output in which levels differ most."""
    pred = pred.reshape(len(pred), -1)
    counts = np.bincount(codes, minlength=n_levels)
    sums = np.stack([np.bincount(codes, weights=column, minlength=n_levels) for column in pred.T])
    means = np.where(counts > 0, sums / np.maximum(counts, 1), pred.mean(0)[:, None])
    output = means[int(np.argmax(((means - pred.mean(0)[:, None]) ** 2 * counts).sum(1)))]
    apart = float(np.ptp(output)) or 1.0
    return np.unique(np.round((output - output.min()) / (ALIKE * apart)), return_inverse=True)[1]


def _at(places: NDArray[np.int64], codes: NDArray[np.integer], rows: Positions) -> NDArray[np.int64]:
    return places[codes[rows]]
