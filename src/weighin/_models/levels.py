"""Categories that a model knows, by the column they are of: what texts of a table stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import narwhals.stable.v2 as nw

from weighin._base.errors import InputError, listing
from weighin._base.optional import require
from weighin._tables.frames import column_names


def levels_of(model: Any) -> dict[str, list[Any]]:
    """Categories of each column, as far as a model says.

    `model`: A fastai learner says what its Categorify learned; estimators, pipelines, searches and column transformers
    of scikit-learn what their encoders were fitted on; boosters of XGBoost (3.1 on) and LightGBM what they store. Of
    all else nothing is known.
    """
    procs = getattr(getattr(getattr(model, "dls", None), "train_ds", None), "procs", None)
    for proc in getattr(procs, "fs", ()):
        if isinstance(getattr(proc, "classes", None), Mapping):
            return {name: list(classes)[1:] for name, classes in proc.classes.items()}
    return _of_estimator(model, None)


def _of_estimator(part: Any, columns: Iterable[Any] | None) -> dict[str, list[Any]]:
    booster = _booster(part)
    if booster is not None:
        return {
            name: own_levels
            for name, own_levels in _by_name(booster).items()
            if columns is None or name in columns
        }
    best = getattr(part, "best_estimator_", None)
    if best is not None:
        return _of_estimator(best, columns)
    levels: dict[str, list[Any]] = {}
    categories = getattr(part, "categories_", None)
    names = getattr(part, "feature_names_in_", columns)
    if isinstance(categories, list) and names is not None and not isinstance(names, str | slice):
        levels |= {str(name): list(own_levels) for name, own_levels in zip(names, categories, strict=False)}
    steps = getattr(part, "steps", ())
    for _, step in steps if isinstance(steps, list) else ():
        levels |= _of_estimator(step, columns)
    transformers = getattr(part, "transformers_", ())
    for _, transformer, own in transformers if isinstance(transformers, list) else ():
        levels |= _of_estimator(transformer, [own] if isinstance(own, str) else own)
    return levels


def with_categories(X: Any, model: Any, who: str) -> Any:
    """The frame of a booster's columns, in its order, with what it knows as categories made categories.

    Of a booster that ends a pipeline, columns that reach it by their names. A frame of any other model, and one that
    has its categories, comes back as it is.

    Raises InputError on text that the model knows no categories of, or that is none of them.
    """
    # which imports scikit-learn, as whoever has an estimator did
    from weighin._models.objectives import inner

    *around, last = inner(model)
    before = [part for part in around if hasattr(part, "steps") and len(part.steps) > 1]
    booster, names = _booster(last), column_names(X)
    if booster is None:
        return X
    kinds = list(nw.from_native(X, eager_only=True).schema.values())
    stored, categorical = _stored(booster), _places(booster)
    if before:
        by_name = _plain_at_the_end(before[-1], X, _by_name(booster))
        stored = {place: by_name[name] for place, name in enumerate(names) if name in by_name}
        categorical = list(stored)
    # numbers may be categories as well, which the libraries would take for their codes
    plain = [
        place
        for place, kind in enumerate(kinds)
        if kind not in (nw.Categorical, nw.Enum)
        and (place in categorical or (kind in (nw.String, nw.Object) and not before))
    ]
    if not plain:
        return X
    import pandas as pd

    frame = nw.from_native(X, eager_only=True).to_pandas().copy(deep=False)
    for place in plain:
        column, name = frame.iloc[:, place], names[place]
        if place not in stored:
            if kinds[place] not in (nw.String, nw.Object):
                continue
            raise InputError(
                f"Column {name!r} holds text, and the {who} stores no categories of it. It must be of dtype category, "
                f"with the same categories in the same order as in training: X[{name!r}] = "
                f"pd.Categorical(X[{name!r}], categories=[...]). A parquet file keeps them, a CSV file does not."
            )
        unseen = column[column.notna() & ~column.isin(stored[place])].unique().tolist()
        if unseen:
            raise InputError(
                f"Column {name!r} holds {listing(unseen)}, which the {who} was not trained on. Its categories: "
                f"{listing(stored[place])}. Leave these rows out."
            )
        frame.isetitem(place, pd.Categorical(column, categories=stored[place]))
    return frame


def _is_xgboost(booster: Any) -> bool:
    return hasattr(booster, "feature_types")


def _booster(model: Any) -> Any:
    """The booster of XGBoost or LightGBM that a model is or holds; None of others, and before it is fitted."""
    if not {kind.__module__.partition(".")[0] for kind in type(model).__mro__} & {"xgboost", "lightgbm"}:
        return None
    try:
        booster = model.get_booster() if hasattr(model, "get_booster") else getattr(model, "booster_", model)
    except AttributeError:
        # what an estimator raises that is not fitted
        return None
    return booster if _is_xgboost(booster) or hasattr(booster, "pandas_categorical") else None


def _places(booster: Any) -> list[int]:
    """Places of the features that a booster takes for categories."""
    if _is_xgboost(booster):
        return [place for place, kind in enumerate(booster.feature_types or ()) if kind == "c"]
    line = re.search(
        r"^\[categorical_feature: ([\d,]+)\]", booster.model_to_string(num_iteration=1), re.MULTILINE
    )
    return list(map(int, line[1].split(","))) if line else []


def _by_name(booster: Any) -> dict[str, list[Any]]:
    """Categories that a booster stores, by the names of their features, where it knows names."""
    names = booster.feature_names if _is_xgboost(booster) else booster.feature_name()
    return {names[place]: own_levels for place, own_levels in _stored(booster).items()} if names else {}


def _plain_at_the_end(pipeline: Any, X: Any, by_name: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Those categories whose columns the steps before a booster leave as they are, so that it gets no categories."""
    try:
        there = nw.from_native(
            pipeline[:-1].transform(nw.from_native(X, eager_only=True)[:2].to_native())
        ).schema
    except Exception:
        # what the steps say of these rows is told where they are predicted
        return {}
    return {
        name: own_levels
        for name, own_levels in by_name.items()
        if there.get(name) not in (None, nw.Categorical, nw.Enum)
    }


def _stored(booster: Any) -> dict[int, list[Any]]:
    """Categories that a booster stores, by the places of their features."""
    places = _places(booster)
    if not _is_xgboost(booster):
        # LightGBM lists them in the order of the columns, ordered ones too, which are no categories to it
        stored = booster.pandas_categorical or []
        return dict(zip(places, map(list, stored), strict=True)) if len(places) == len(stored) else {}
    if not places or not hasattr(booster, "get_categories"):
        return {}
    require("pyarrow", "files", "read the categories that a model of XGBoost stores")
    categories = booster.get_categories(export_to_arrow=True)
    if categories.empty():
        return {}
    return {
        place: part.to_pylist() for place, (_, part) in enumerate(categories.to_arrow()) if part is not None
    }
