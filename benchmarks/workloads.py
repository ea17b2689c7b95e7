"""The workloads: seeded data, a real model, and the permutations every contender has to use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

SEED = 0
TRAINING_ROWS = 4_000


def sklearn_permutations(n: int, n_repeats: int, random_state: int = SEED) -> np.ndarray:
    """Donor of each row in each repeat, shape (n_repeats, n), as scikit-learn draws them.

    scikit-learn seeds every column alike, so all columns share these; and it shuffles the already shuffled
    column again, so the donors of a repeat are those of the last one, permuted.
    """
    seed = np.random.RandomState(random_state).randint(np.iinfo(np.int32).max + 1)
    stream = np.random.RandomState(seed)
    order, donors = np.arange(n), np.arange(n)
    permutations = np.empty((n_repeats, n), dtype=np.int64)
    for repeat in range(n_repeats):
        stream.shuffle(order)
        donors = donors[order]
        permutations[repeat] = donors
    return permutations


@dataclass(frozen=True, eq=False)
class Job:
    """A model that is ready, rows that are encoded, the shuffles to apply; the metric is mean squared error.

    Columns are numbered as in `X`: the categorical ones first, then the continuous ones.
    """

    name: str
    title: str
    model: Any  # a torch module called as model(x_cat, x_cont), or a scikit-learn estimator
    X: np.ndarray  # all columns as one matrix: what scikit-learn and captum's users would hold
    n_cat: int
    y: np.ndarray
    n_repeats: int
    learn: Any = None  # the fastai learner, where there is one
    frame: pd.DataFrame | None = None  # the raw rows, where there are any
    chunks: tuple[int, ...] = (512, 1024, 2048, 4096, 16384)  # sizes of a forward to choose from
    columns_timed: int | None = None  # where all would take minutes: time so many, and scale
    permutations: np.ndarray = field(init=False)
    x_cat: torch.Tensor = field(init=False)
    x_cont: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "permutations", sklearn_permutations(len(self.X), self.n_repeats))
        matrix = torch.from_numpy(self.X)
        object.__setattr__(self, "x_cat", matrix[:, : self.n_cat].long().contiguous())
        object.__setattr__(self, "x_cont", matrix[:, self.n_cat :].contiguous())

    @property
    def n_columns(self) -> int:
        return self.X.shape[1]

    @property
    def is_torch(self) -> bool:
        return isinstance(self.model, nn.Module)

    def some_columns(self, number: int) -> list[int]:
        """So many columns, of all kinds: spread evenly."""
        number = min(number, self.n_columns)
        return [(2 * i + 1) * self.n_columns // (2 * number) for i in range(number)]

    def head(self, rows: int) -> Job:
        """The same job on its first rows."""
        if rows >= len(self.X):
            return self
        frame = None if self.frame is None else self.frame.iloc[:rows].reset_index(drop=True)
        return replace(self, X=self.X[:rows].copy(), y=self.y[:rows].copy(), frame=frame)

    def linear_shapes(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of the layers after the first; empty unless it is a fastai network."""
        if self.learn is None:
            return []
        linears = [m for m in self.model.modules() if isinstance(m, nn.Linear)]
        return [(m.in_features, m.out_features) for m in linears[1:]]


def _frame(rows: int, levels: list[int], n_cont: int, rng: np.random.Generator) -> pd.DataFrame:
    """Raw rows: categories of unequal frequency, then correlated continuous columns of various scales."""
    columns: dict[str, Any] = {}
    for j, k in enumerate(levels):
        names = np.array([f"level {i:02d}" for i in range(k)], dtype=object)
        weights = rng.dirichlet(np.full(k, 3.0))
        columns[f"cat{j:02d}"] = names[rng.choice(k, size=rows, p=weights)]
    common = rng.standard_normal(rows)
    for j in range(n_cont):
        own = rng.standard_normal(rows)
        values = (0.5 * common + own) * rng.uniform(0.5, 20) + rng.normal()
        columns[f"cont{j:03d}"] = values.astype(np.float32)
    return pd.DataFrame(columns)


@torch.no_grad()
def _randomise(model: nn.Module) -> None:
    """Embeddings and BatchNorms as after long training: a mistake in folding them has to show."""
    generator = torch.Generator().manual_seed(SEED)
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            module.weight.normal_(0, 0.7, generator=generator)
        elif isinstance(module, nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
            module.weight.uniform_(0.6, 1.4, generator=generator)
            module.bias.normal_(0, 0.2, generator=generator)


@torch.inference_mode()
def predict(model: nn.Module, x_cat: torch.Tensor, x_cont: torch.Tensor, chunk: int = 2048) -> torch.Tensor:
    """Predictions of a module, shape (n,), by forwards of `chunk` rows."""
    parts = [
        model(cat, cont).reshape(len(cont), -1)[:, 0]
        for cat, cont in zip(x_cat.split(chunk), x_cont.split(chunk), strict=True)
    ]
    return torch.cat(parts)


def _targets(
    model: nn.Module, x_cat: torch.Tensor, x_cont: torch.Tensor, rng: np.random.Generator
) -> np.ndarray:
    """What the model says plus as much noise: errors of a believable size."""
    signal = predict(model, x_cat, x_cont).numpy()
    return (signal + rng.normal(0, signal.std(), len(signal))).astype(np.float32)


def _fastai(
    name: str, title: str, rows: int, levels: list[int], n_cont: int, layers: list[int], **options: Any
) -> Job:
    """A TabularLearner made by fastai's own means, and fresh rows encoded by its own procs."""
    from fastai.tabular.all import (
        Categorify,
        FillMissing,
        Normalize,
        TabularDataLoaders,
        mse,
        set_seed,
        tabular_learner,
    )

    rng = np.random.default_rng(SEED)
    set_seed(SEED, reproducible=False)
    frame = _frame(rows + TRAINING_ROWS, levels, n_cont, rng)
    cats, conts = list(frame.columns[: len(levels)]), list(frame.columns[len(levels) :])
    frame["y"] = rng.standard_normal(len(frame)).astype(np.float32)
    training = frame.iloc[:TRAINING_ROWS].reset_index(drop=True)
    frame = frame.iloc[TRAINING_ROWS:].reset_index(drop=True)
    dls = TabularDataLoaders.from_df(
        training,
        procs=[Categorify, FillMissing, Normalize],
        cat_names=cats,
        cont_names=conts,
        y_names="y",
        valid_idx=list(range(TRAINING_ROWS // 2, TRAINING_ROWS)),
        bs=64,
        device=torch.device("cpu"),
    )
    learn = tabular_learner(dls, layers=layers, metrics=[mse])
    _randomise(learn.model)
    learn.model.eval()
    encoded = dls.test_dl(frame).dataset
    parts = [encoded.cats, encoded.conts] if cats else [encoded.conts]
    X = np.hstack([part.to_numpy(np.float32) for part in parts])
    x_cat, x_cont = torch.from_numpy(X[:, : len(cats)]).long(), torch.from_numpy(X[:, len(cats) :])
    frame["y"] = _targets(learn.model, x_cat, x_cont, rng)
    y = frame["y"].to_numpy(copy=True)
    return Job(name, title, learn.model, X, len(cats), y, learn=learn, frame=frame, **options)


def _w1(n_repeats: int, quick: bool) -> Job:
    shuffles = "1 shuffle" if n_repeats == 1 else f"{n_repeats} shuffles"
    title = f"1,000 rows, 6 features (3 categorical), layers 200-100, {shuffles}"
    return _fastai(f"W1x{n_repeats}", title, 1_000, [12, 5, 2], 3, [200, 100], n_repeats=n_repeats)


def _w2(quick: bool) -> Job:
    rows = 10_000 if quick else 100_000
    title = f"{rows:,} rows, 30 features (10 categorical: 2-60 levels), 200-100, 5 shuffles"
    levels = [2, 2, 3, 4, 6, 8, 12, 20, 35, 60]
    return _fastai("W2", title, rows, levels, 20, [200, 100], n_repeats=5, columns_timed=6 if quick else None)


def _w3(quick: bool) -> Job:
    rows = 2_000 if quick else 20_000
    title = f"{rows:,} rows, 500 continuous, 512-256, 5 shuffles"
    return _fastai("W3", title, rows, [], 500, [512, 256], n_repeats=5, columns_timed=5 if quick else 20)


def _w4(quick: bool) -> Job:
    rows = 50_000 if quick else 1_000_000
    title = f"{rows:,} rows, 20 features (5 categorical), 200-100, 1 shuffle"
    levels = [2, 5, 10, 20, 40]
    return _fastai("W4", title, rows, levels, 15, [200, 100], n_repeats=1, columns_timed=5 if quick else None)


class FeatureTokens(nn.Module):
    """A small transformer over one token per feature: FT-Transformer's idea, and no sum to split."""

    def __init__(self, levels: list[int], n_cont: int, width: int = 64, depth: int = 2, heads: int = 4):
        super().__init__()
        self.embeds = nn.ModuleList(nn.Embedding(k, width) for k in levels)
        self.scale = nn.Parameter(torch.randn(n_cont, width) * 0.5)
        self.shift = nn.Parameter(torch.randn(n_cont, width) * 0.5)
        self.summary = nn.Parameter(torch.randn(width) * 0.5)
        block = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(block, depth, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, x_cat: torch.Tensor, x_cont: torch.Tensor) -> torch.Tensor:
        tokens = [self.summary.expand(len(x_cont), 1, -1), x_cont[:, :, None] * self.scale + self.shift]
        tokens += [embed(x_cat[:, [j]]) for j, embed in enumerate(self.embeds)]
        return self.head(self.encoder(torch.cat(tokens, dim=1))[:, 0])


class MeanOfMembers(nn.Module):
    """TabM predicts once per member, shape (n, k, 1); its users average."""

    def __init__(self, members: nn.Module):
        super().__init__()
        self.members = members

    def forward(self, x_cat: torch.Tensor, x_cont: torch.Tensor) -> torch.Tensor:
        return self.members(x_cont, x_cat).mean(dim=1)


def _module(
    name: str, title: str, rows: int, levels: list[int], n_cont: int, make: Callable, **options: Any
) -> Job:
    """Any torch module on encoded columns."""
    rng = np.random.default_rng(SEED)
    torch.manual_seed(SEED)
    model = make(levels, n_cont).eval()
    X = np.hstack([*(rng.integers(0, k, (rows, 1)) for k in levels), rng.standard_normal((rows, n_cont))])
    X = X.astype(np.float32)
    c = len(levels)
    y = _targets(model, torch.from_numpy(X[:, :c]).long(), torch.from_numpy(X[:, c:]), rng)
    return Job(name, title, model, X, c, y, **options)


def _transformer(quick: bool) -> Job:
    rows = 500 if quick else 4_000
    title = f"{rows:,} rows, 16 features (4 categorical), 2 blocks of width 64, 3 shuffles"
    chunks = (32, 64, 128, 256, 1024)
    return _module("FT", title, rows, [2, 5, 9, 30], 12, FeatureTokens, n_repeats=3, chunks=chunks)


def _tabm(quick: bool) -> Job:
    from tabm import TabM

    def make(levels: list[int], n_cont: int) -> nn.Module:
        shape = {"k": 16, "n_blocks": 2, "d_block": 128, "d_out": 1}
        return MeanOfMembers(TabM.make(n_num_features=n_cont, cat_cardinalities=levels, **shape))

    rows = 300 if quick else 4_000
    title = f"{rows:,} rows, 20 features (4 categorical), TabM 128-128, 16 members, 5 shuffles"
    chunks = (64, 128, 256, 512, 2048)
    return _module("TabM", title, rows, [2, 4, 7, 12], 16, make, n_repeats=5, chunks=chunks)


def _trees(quick: bool) -> Job:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = 4_000 if quick else 20_000
    rng = np.random.default_rng(SEED)
    levels = [2, 2, 3, 3, 4, 4, 5, 6, 7, 8]
    X = np.hstack([*(rng.integers(0, k, (rows, 1)) for k in levels), rng.standard_normal((rows, 20))])
    y = X @ rng.normal(0, 0.5, 30) + X[:, 0] * X[:, 12] + rng.standard_normal(rows)
    model = HistGradientBoostingRegressor(random_state=SEED).fit(X, y)
    title = f"HistGradientBoosting, {rows:,} rows, 30 features (10 of 2-8 levels), 5 shuffles"
    return Job("HGB", title, model, X, len(levels), y, n_repeats=5)


WORKLOADS: dict[str, Callable[[bool], Job]] = {
    "W1x1": lambda quick: _w1(1, quick),
    "W1x30": lambda quick: _w1(30, quick),
    "W2": _w2,
    "W3": _w3,
    "W4": _w4,
    "FT": _transformer,
    "TabM": _tabm,
    "HGB": _trees,
}
