"""Small fastai learners, and the tables they were trained on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from fastai.tabular.all import (
    Categorify,
    FillMissing,
    Normalize,
    TabularPandas,
    accuracy,
    mae,
    rmse,
    tabular_learner,
)

torch.set_num_threads(1)

N_TRAIN, N_ROWS = 160, 240


def games(seed: int = 0, n_rows: int = N_ROWS) -> pd.DataFrame:
    """A table with every kind of column; `rest` has missing values, `home_name` has ``_na`` in its name."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "home_name": rng.choice(["Army", "Navy", "Rice", "Yale"], n_rows),
            "neutral": rng.random(n_rows) < 0.3,
            "week": rng.integers(1, 5, n_rows),
            "elo": rng.normal(1500, 100, n_rows),
            "rest": rng.normal(7, 2, n_rows),
            "spread": rng.normal(0, 10, n_rows),
        }
    )
    frame["margin"] = (
        frame["spread"]
        + 0.03 * (frame["elo"] - 1500)
        + 4 * (frame["home_name"] == "Rice")
        + frame["rest"]
        + rng.normal(size=n_rows)
    )
    frame["total"] = 50 + frame["spread"] * 0.3 - frame["rest"]
    frame["grade"] = pd.cut(frame["margin"], [-1e9, 0, 12, 1e9], labels=["bad", "fair", "good"]).astype(str)
    frame["won"] = np.where(frame["margin"] > 7, "yes", "no")
    frame.loc[rng.choice(n_rows, n_rows // 6, replace=False), "rest"] = np.nan
    return frame


def train(
    frame: pd.DataFrame,
    cat_names: Sequence[str],
    cont_names: Sequence[str],
    y_names: str | list[str],
    *,
    procs: Sequence[Any] = (Categorify, FillMissing, Normalize),
    y_block: Any = None,
    epochs: int = 3,
    **options: Any,
) -> Any:
    """Train a tiny network on the first rows; the others are its validation set."""
    splits = (list(range(N_TRAIN)), list(range(N_TRAIN, len(frame))))
    columns = [*cat_names, *cont_names, *([y_names] if isinstance(y_names, str) else y_names)]
    data = TabularPandas(
        frame[columns],
        list(procs),
        list(cat_names),
        list(cont_names),
        y_names,
        y_block=y_block,
        splits=splits,
    )
    # fastai's loaders draw the order of batches from Python's own numbers
    random.seed(1)
    torch.manual_seed(1)
    learn = tabular_learner(data.dataloaders(bs=32), **{"layers": [8], **options})
    if epochs:
        with learn.no_bar(), learn.no_logging():
            learn.fit(epochs, 0.03)
    learn.remove_cb(learn.progress) if hasattr(learn, "progress") else None
    return learn


CATS, CONTS = ["home_name", "neutral", "week"], ["elo", "rest", "spread"]


def regression(**options: Any) -> Any:
    """Missing values with an indicator, a column named like one, two metrics."""
    return train(games(), CATS, CONTS, "margin", **{"metrics": [mae, rmse], **options})


def classifier() -> Any:
    """Three classes."""
    return train(games(), CATS, CONTS, "grade", metrics=[accuracy])


def linear(weights: Sequence[float], frame: pd.DataFrame, y_name: str = "y", metrics: Any = ()) -> Any:
    """``f(x) = sum of weights * columns``, set by hand, on the columns as they are."""
    names = [name for name in frame.columns if name != y_name]
    splits = (list(range(len(frame) // 2)), list(range(len(frame) // 2, len(frame))))
    data = TabularPandas(frame, [], [], names, y_name, splits=splits, reduce_memory=False)
    learn = tabular_learner(
        data.dataloaders(bs=64),
        layers=[],
        config={"bn_cont": False, "use_bn": False},
        n_out=1,
        metrics=list(metrics),
    )
    layer = next(m for m in learn.model.layers.modules() if isinstance(m, torch.nn.Linear))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([list(weights)], dtype=torch.float32))
        layer.bias.zero_()
    learn.remove_cb(learn.progress) if hasattr(learn, "progress") else None
    return learn


def quiet(learn: Any) -> Any:
    """Context in which fastai prints and draws nothing."""
    return learn.no_bar()
