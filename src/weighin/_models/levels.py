"""Categories that a model knows, by the column they are of: what a text file may mean by "NA"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def levels_of(model: Any) -> dict[str, list[Any]]:
    """Categories of each column, as far as a model says.

    Parameters
    ----------
    model : any
        A fastai learner says what its Categorify learned; estimators, pipelines, searches and column transformers of
        scikit-learn what their encoders were fitted on. Of all else nothing is known.
    """
    procs = getattr(getattr(getattr(model, "dls", None), "train_ds", None), "procs", None)
    for proc in getattr(procs, "fs", ()):
        if isinstance(getattr(proc, "classes", None), Mapping):
            return {name: list(classes)[1:] for name, classes in proc.classes.items()}
    return _of_estimator(model, None)


def _of_estimator(part: Any, columns: Iterable[Any] | None) -> dict[str, list[Any]]:
    inner = getattr(part, "best_estimator_", None)
    if inner is not None:
        return _of_estimator(inner, columns)
    levels: dict[str, list[Any]] = {}
    categories = getattr(part, "categories_", None)
    names = getattr(part, "feature_names_in_", columns)
    if isinstance(categories, list) and names is not None and not isinstance(names, str | slice):
        levels |= {str(name): list(known) for name, known in zip(names, categories, strict=False)}
    steps = getattr(part, "steps", ())
    for _, step in steps if isinstance(steps, list) else ():
        levels |= _of_estimator(step, columns)
    transformers = getattr(part, "transformers_", ())
    for _, transformer, own in transformers if isinstance(transformers, list) else ():
        levels |= _of_estimator(transformer, [own] if isinstance(own, str) else own)
    return levels
