"""What an estimator is made of, read from its attributes: who wrote it, and what is known of it therefore."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

OWN = ("sklearn", "numpy", "scipy")
# of these, what is given for a row depends on all rows of a call: solved together, or drawn at random
TOGETHER = ("DummyClassifier", "NMF", "MiniBatchNMF")


def is_thread_safe(estimator: Any) -> bool:
    """Whether scikit-learn wrote all that runs in a prediction, and none of it brings threads of its own.

    What has `n_jobs` (forests, ColumnTransformer) sets the warning filters of the process aside whenever it predicts:
    in several threads, one finds those of another, and warns. Linear models use it to fit only.
    """
    for part, module in _parts(estimator):
        threads = "n_jobs" in getattr(part, "__dict__", {})
        if _package(module) not in OWN or (threads and not module.startswith("sklearn.linear_model.")):
            return False
    return True


def predicts_row_by_row(estimator: Any) -> bool:
    """Whether scikit-learn wrote all that runs in a prediction, and none of it looks at several rows at once."""
    for part, module in _parts(estimator):
        name = type(part).__name__
        drawn = name == "IterativeImputer" and part.sample_posterior
        function = name == "FunctionTransformer" and not all(
            called is None or isinstance(called, np.ufunc) for called in (part.func, part.inverse_func)
        )
        if _package(module) not in OWN or name in TOGETHER or drawn or function:
            return False
    return True


def _parts(estimator: Any) -> Iterator[tuple[Any, str]]:
    """Whatever has methods to predict or to transform, or can be called, with the module it comes from.

    What a search found, and what a frozen estimator holds, are among their attributes, not their parameters.
    """
    seen, parts = set(), [estimator]
    while parts:
        part = parts.pop()
        if id(part) in seen or isinstance(part, str | int | float | np.ndarray | type):
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            parts.extend(part.values())
        elif isinstance(part, list | tuple):
            parts.extend(part)
        elif callable(part) or hasattr(part, "predict") or hasattr(part, "transform"):
            module = (part.__module__ if inspect.isroutine(part) else type(part).__module__) or ""
            yield part, module
            # there may be many trees, and they hold nothing of others
            if not module.startswith("sklearn.tree."):
                parts.extend(getattr(part, "__dict__", {}).values())


def _package(module: str) -> str:
    return module.partition(".")[0]
