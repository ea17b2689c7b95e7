"""A case: a trained model, a table, how weighin is called, and how the framework itself predicts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

N = 300


@dataclass
class Trial:
    """What is weighed, and by what it is judged.

    Attributes
    ----------
    model, X, y
        As `weighin.weigh` takes them.
    predict : callable
        From rows like `rows` to predictions, by the framework's own method.
    loss : callable
        ``loss(target, pred) -> float``, of the metric that weighin takes by itself.
    target : array
        What `loss` compares with; `y` by default.
    rows : Any
        The table that the loop swaps columns of; `X` by default.
    options : dict
        Further arguments of `weigh`.
    move : callable
        ``move(rows, feature, donors)`` gives a copy in which a feature's values are those of the donors.
    """

    model: Any
    X: Any
    y: Any
    predict: Callable[[Any], Any]
    loss: Callable[[Any, Any], float]
    target: Any = None
    rows: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    move: Callable[[Any, str, Any], Any] | None = None


@dataclass(frozen=True)
class Case:
    """One line of the page.

    Attributes
    ----------
    framework : str
        What a reader looks for.
    packages : tuple of str
        Whose versions are told.
    call : str
        The one line a user writes.
    environment : str
        See `ecosystem.environments`.
    make : callable
        Trains the model; gives the `Trial`.
    """

    framework: str
    packages: tuple[str, ...]
    call: str
    environment: str
    make: Callable[[], Trial]

    @property
    def name(self) -> str:
        """Names it on a command line."""
        return self.make.__name__


CASES: list[Case] = []


def case(
    framework: str, call: str, *packages: str, environment: str = "main"
) -> Callable[[Callable[[], Trial]], Callable[[], Trial]]:
    """Add a case."""

    def add(make: Callable[[], Trial]) -> Callable[[], Trial]:
        CASES.append(Case(framework, packages, call, environment, make))
        return make

    return add


def games(n: int = N, seed: int = 0) -> pd.DataFrame:
    """Numbers, whole numbers, a text column, and targets of every kind."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "elo": rng.normal(size=n),
            "rest": rng.normal(size=n),
            "week": rng.integers(1, 5, n).astype(float),
            "league": rng.choice(["acc", "mac", "sec"], n),
        }
    )
    frame["margin"] = frame.elo + 0.5 * frame.week * (frame.league == "sec") + 0.3 * rng.normal(size=n)
    frame["won"] = np.where(frame.margin > 0.5, "yes", "no")
    frame["flag"] = (frame.margin > 0.5).astype(int)
    frame["grade"] = np.select([frame.margin < 0, frame.margin < 1], ["lost", "close"], "won")
    frame["level"] = np.select([frame.margin < 0, frame.margin < 1], [0, 1], 2)
    frame["touchdowns"] = rng.poisson(np.exp(0.5 * frame.elo.clip(-2, 2)))
    return frame


NUMBERS = ["elo", "rest", "week"]
RAW = [*NUMBERS, "league"]


def moved(rows: Any, feature: str, donors: Any) -> Any:
    """A frame, a matrix or a dict of them with one feature's values taken from the donors."""
    if isinstance(rows, pd.DataFrame):
        copied = rows.copy()
        copied[feature] = (
            rows[feature].iloc[donors].to_numpy()
            if not isinstance(rows[feature].dtype, pd.CategoricalDtype)
            else rows[feature].iloc[donors].set_axis(rows.index)
        )
        return copied
    if isinstance(rows, Mapping):
        copied = copy.copy(rows)
        for key, part in rows.items():
            if isinstance(part, pd.DataFrame) and feature in part:
                copied[key] = moved(part, feature, donors)
            elif isinstance(part, np.ndarray) and feature.removesuffix("_0").startswith(key):
                copied[key] = part.copy()
                column = int(feature.removeprefix(key).removeprefix("_") or 0)
                copied[key][:, column] = part[donors, column]
        return copied
    array = np.array(rows)
    column = int(feature.removeprefix("x"))
    array[:, column] = np.asarray(rows)[donors, column]
    return array


def mae(target: Any, pred: Any) -> float:
    """Mean absolute error."""
    return float(abs(np.asarray(target, float).ravel() - np.asarray(pred, float).ravel()).mean())


def poisson_deviance(target: Any, pred: Any) -> float:
    """Mean Poisson deviance."""
    from sklearn.metrics import mean_poisson_deviance

    return float(mean_poisson_deviance(target, np.asarray(pred, float).ravel()))


def log_loss(target: Any, pred: Any) -> float:
    """Log loss of class numbers under probabilities, one column for the second of two classes."""
    target, given = np.asarray(target).ravel().astype(int), np.asarray(pred)
    # no probability counts as less than the rounding of its type, as scikit-learn has it
    least = np.finfo(given.dtype if given.dtype.kind == "f" else float).eps
    pred = given.astype(float).reshape(len(given), -1)
    pred = np.hstack([1 - pred, pred]) if pred.shape[1] == 1 else pred / pred.sum(1, keepdims=True)
    chosen = pred[np.arange(len(pred)), target]
    return float(-np.log(np.clip(chosen, least, 1)).mean())


def softmax(logits: Any) -> Any:
    """Probabilities."""
    logits = np.asarray(logits, float)
    exp = np.exp(logits - logits.max(1, keepdims=True))
    return exp / exp.sum(1, keepdims=True)


def codes(labels: Any) -> Any:
    """Numbers of labels in their sorted order."""
    return np.unique(np.asarray(labels), return_inverse=True)[1]
