"""Tables, and small models trained on them: the same ones in every process."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

torch.set_num_threads(1)
NUMBERS = ["elo", "rest", "spread", "echo"]
CATEGORIES = ["home", "week"]
COLUMNS = [*CATEGORIES, *NUMBERS]
N_TRAIN = 160


@cache
def _games(n_rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "home": rng.choice(["Army", "Navy", "Rice", "Yale"], n_rows),
            "week": rng.integers(1, 5, n_rows),
            "elo": rng.normal(0, 1, n_rows),
            "rest": rng.integers(4, 10, n_rows).astype(float),
            "spread": rng.normal(0, 1, n_rows),
        }
    )
    frame["echo"] = frame["spread"] + 0.15 * rng.normal(size=n_rows)
    noise = rng.normal(size=n_rows)
    frame["margin"] = (
        3 * frame["spread"] + frame["elo"] * (frame["week"] - 2) + 2 * (frame["home"] == "Rice") + noise
    )
    frame["won"] = np.where(frame["margin"] > 0.5, "yes", "no")
    frame["grade"] = np.array(["bad", "fair", "good"])[np.digitize(frame["margin"], [-1.5, 2.0])]
    frame["weight"] = rng.integers(0, 4, n_rows).astype(float)
    frame["season"] = np.sort(rng.integers(2019, 2022, n_rows))
    return frame


def games(n_rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """A table with names, whole numbers, numbers, and one that repeats another."""
    return _games(n_rows, seed).copy()


def with_gaps() -> pd.DataFrame:
    """The same with missing values."""
    frame = games()
    frame.loc[np.random.default_rng(3).choice(len(frame), 40, replace=False), "rest"] = np.nan
    return frame


@cache
def estimator(kind: str, target: str = "margin") -> Any:
    """One of scikit-learn, fitted on the numbers, or on all columns."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    def pipeline(last: Any) -> Any:
        encode = make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), CATEGORIES), (StandardScaler(), NUMBERS)
        )
        return make_pipeline(encode, last)

    frame = games(400, seed=1)
    model, columns = {
        "linear": (LinearRegression(), NUMBERS),
        "logistic": (LogisticRegression(), NUMBERS),
        "boosted": (HistGradientBoostingRegressor(max_iter=15, random_state=0), NUMBERS),
        "boosted classes": (HistGradientBoostingClassifier(max_iter=10, random_state=0), NUMBERS),
        "pipeline": (pipeline(Ridge()), COLUMNS),
        "pipeline classes": (pipeline(LogisticRegression()), COLUMNS),
    }[kind]
    return model.fit(frame[columns], frame[target])


@cache
def xgboost(kind: str) -> Any:
    """Boosted trees of another house."""
    import xgboost as package

    frame = games(400, seed=1)
    if kind == "classes":
        model = package.XGBClassifier(n_estimators=10, max_depth=3, n_jobs=1, random_state=0)
        return model.fit(frame[NUMBERS], (frame["won"] == "yes").astype(int))
    model = package.XGBRegressor(n_estimators=10, max_depth=3, n_jobs=1, random_state=0)
    return model.fit(frame[NUMBERS], frame["margin"])


def formula(rows: Any) -> Any:
    """A function of a matrix of the numbers."""
    rows = np.asarray(rows, dtype=float)
    return 3 * rows[:, 2] - np.abs(rows[:, 0]) + 0.2 * rows[:, 2] * rows[:, 1]


def matrix(n_rows: int = 240) -> Any:
    """The numbers alone."""
    return games(n_rows)[NUMBERS].to_numpy(np.float64)


def codes(n_rows: int = 240) -> Any:
    """The categories as numbers."""
    frame = games(n_rows)
    home = np.searchsorted(np.array(["Army", "Navy", "Rice", "Yale"]), frame["home"].to_numpy(dtype=str))
    return np.stack([home, frame["week"].to_numpy() - 1], 1).astype(np.int64)


class Mixed(nn.Module):
    """Embeddings and numbers, joined before the first layer, as fastai does."""

    def __init__(self) -> None:
        super().__init__()
        self.homes, self.weeks = nn.Embedding(4, 2), nn.Embedding(4, 3)
        self.norm = nn.BatchNorm1d(4)
        self.layers = nn.Sequential(nn.Linear(9, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, x_cat: Tensor, x_cont: Tensor) -> Tensor:
        """Predict."""
        embedded = [self.homes(x_cat[:, 0]), self.weeks(x_cat[:, 1])]
        return self.layers(torch.cat([*embedded, self.norm(x_cont)], 1))


class Custom(nn.Module):
    """A forward of its own: a first linear layer, then a residual block and a product."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.block, self.last = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Predict."""
        hidden = self.first(x)
        hidden = hidden + torch.tanh(self.block(torch.relu(hidden)))
        return self.last(hidden * torch.sigmoid(hidden))


@cache
def network(kind: str) -> nn.Module:
    """A torch module trained for some steps on the whole table."""
    torch.manual_seed(2)
    classes = kind == "classes"
    frame = games(400, seed=1)
    numbers = torch.from_numpy(frame[NUMBERS].to_numpy())
    grades = torch.from_numpy(np.searchsorted(["bad", "fair", "good"], frame["grade"].to_numpy(dtype=str)))
    margins = torch.from_numpy(frame["margin"].to_numpy())[:, None]
    layers = [nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3 if classes else 1)]
    module = {"mixed": Mixed, "custom": Custom}.get(kind, lambda: nn.Sequential(*layers))()
    given: tuple[Tensor, ...] = (numbers,)
    if kind == "mixed":
        home = np.searchsorted(["Army", "Navy", "Rice", "Yale"], frame["home"].to_numpy(dtype=str))
        given = (torch.from_numpy(np.stack([home, frame["week"].to_numpy() - 1], 1)), numbers.float())
        margins = margins.float()
    else:
        module = module.double()
    optimizer = torch.optim.Adam(module.parameters(), 0.03)
    for _ in range(40):
        optimizer.zero_grad()
        out = module(*given)
        loss = nn.functional.cross_entropy(out, grades) if classes else nn.functional.mse_loss(out, margins)
        loss.backward()
        optimizer.step()
    return module.eval()


@cache
def learner(kind: str = "margin") -> Any:
    """A fastai learner of the margin or of the grade; its validation set are the last rows."""
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

    frame = with_gaps()
    splits = (list(range(N_TRAIN)), list(range(N_TRAIN, len(frame))))
    procs = [Categorify, FillMissing, Normalize]
    data = TabularPandas(
        frame[[*COLUMNS, kind]], procs, [*CATEGORIES], [*NUMBERS], kind, splits=splits
    )  # it adds to them
    torch.manual_seed(1)
    metrics = [mae, rmse] if kind == "margin" else [accuracy]
    learn = tabular_learner(data.dataloaders(bs=32), layers=[8], metrics=metrics)
    with learn.no_bar(), learn.no_logging():
        learn.fit(3, 0.03)
    if hasattr(learn, "progress"):
        learn.remove_cb(learn.progress)
    return learn
