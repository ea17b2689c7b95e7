"""The values a user knows of rows that a fastai learner encoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._models.protocol import Encoded
from weighin._models.raw_columns import encoded_values
from weighin._tables.arrays import ArrayRows
from weighin._tables.columns import Column, is_missing, read_columns
from weighin._tables.features import Feature
from weighin._tables.frames import is_frame

# digits that single precision keeps of a number that was scaled and is scaled back
DIGITS = 6


def learner_columns(
    learn: Any, data: Encoded, features: Sequence[Feature], X: Any, most_levels: int
) -> tuple[Column, ...]:
    """What a fastai learner's procs took from the table; where the table is not at hand, taken back from them."""
    to, rows, procs = learn.dls.train_ds, data.rows, _procs(learn)
    assert isinstance(rows, ArrayRows)
    classes = getattr(procs.get("Categorify"), "classes", {})
    normalize = procs.get("Normalize")
    cat_names = list(to.cat_names)
    columns = []
    for feature in features:
        places = [rows.locate(column) for column in feature.columns]
        numbers = [place for place in places if place[0] == 1]
        raw_column = read_columns(X, [feature.name], data.kept)[0] if is_frame(X) else None
        if not numbers:
            codes = encoded_values(rows, feature.columns[0])
            columns.append(
                _categories(feature.name, codes, list(classes.get(feature.name, [])), raw_column, most_levels)
            )
            continue
        values = rows.parts[1][:, numbers[0][1]].cpu().numpy().astype(np.float64)
        lost = np.ones(len(values), dtype=bool)
        if raw_column is not None and raw_column.kind == "numeric":
            lost = np.isnan(raw_column.values)
            values = np.where(lost, values, raw_column.values)
        values[lost] = _scaled_back(values[lost], feature.name, normalize)
        for part, position in places:
            # the indicator that FillMissing added
            if part == 0:
                vocab = list(classes.get(cat_names[position], [False, True]))
                values = np.where(encoded_values(rows, position) == vocab.index(True), np.nan, values)
        columns.append(Column(feature.name, "numeric", values))
    return tuple(columns)


def learner_scale(
    learn: Any, own: Sequence[Feature], features: Sequence[Feature]
) -> dict[str, tuple[float, float]]:
    """Mean and scale by which a fastai learner's numbers are encoded, by the names the features have here."""
    normalize = _procs(learn).get("Normalize")
    means, stds = getattr(normalize, "means", {}), getattr(normalize, "stds", {})
    names = zip((feature.name for feature in own), (feature.name for feature in features), strict=True)
    return {here: (float(means[name]), float(stds[name])) for name, here in names if name in means}


def _procs(learn: Any) -> dict[str, Any]:
    """Its procs, by the names of their classes."""
    return {kind.__name__: proc for proc in learn.dls.train_ds.procs.fs for kind in type(proc).__mro__}


def _categories(
    name: str, codes: NDArray[Any], vocab: Sequence[Any], raw_column: Column | None, most_levels: int
) -> Column:
    """Categories by the codes the network gets, so that those it cannot tell from missing ones are missing."""
    if not vocab:
        # the column held codes already
        distinct, places = np.unique(codes, return_inverse=True)
        return Column(name, "nominal", places.astype(np.float64), tuple(map(str, distinct.tolist())))
    levels = [value.item() if isinstance(value, np.generic) else value for value in vocab[1:]]
    numeric = all(isinstance(level, bool | int | float) and not is_missing(level) for level in levels)
    ordered = (raw_column is not None and raw_column.kind == "ordered") or (
        numeric and len(levels) <= most_levels
    )
    values = np.where(codes > 0, codes - 1.0, np.nan)
    texts = tuple(f"{level:g}" if isinstance(level, float) else str(level) for level in levels)
    return Column(name, "ordered" if ordered else "nominal", values, texts)


def _scaled_back(values: NDArray[np.float64], name: str, normalize: Any) -> NDArray[np.float64]:
    if normalize is None:
        return values
    values = values * float(normalize.stds[name]) + float(normalize.means[name])
    return np.array([float(f"{value:.{DIGITS}g}") for value in values])
