"""The engine: every path against swaps written out by hand, whatever the plan."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.tabular.model import TabularModel
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error, r2_score, roc_auc_score
from sklearn.neural_network import MLPRegressor
from sklearn.tree import DecisionTreeRegressor
from torch import Tensor, nn

import weighin
from swaps import donor_rows, engine, reference, singles
from weighin import MetricError, ModelError, weigh
from weighin._engine import Measurement, Session
from weighin._engine import plan as _plan
from weighin._engine.run import Run
from weighin._metrics import resolve_metric
from weighin._models import as_model
from weighin._samplers import Block, ExplicitSampler, MarginalSampler
from weighin._tables.features import Feature

# In double precision two ways to add up a prediction differ by some tens of roundings of numbers up to about 100.
CLOSE = {"rtol": 1e-9, "atol": 1e-10}


@pytest.fixture
def _threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small runs get threads too."""
    monkeypatch.setattr(_plan, "THREADS_FROM", 0)


class Opaque(nn.Module):
    """A module the engine cannot read: it goes the generic way."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.inner(*inputs)

    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError("one of its kind: it cannot be cut open")


def randomised(module: nn.Module, seed: int) -> nn.Module:
    """Weights and statistics as if trained, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if tensor.is_floating_point():
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.5)
            if name.endswith("running_var"):
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
    return module.double()


def forward(module: nn.Module) -> Callable[..., np.ndarray]:
    def predict(*parts: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            out = module(*(torch.from_numpy(part) for part in parts)).numpy()
        return out.reshape(len(out), -1)

    return predict


SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "mse": lambda y, pred: float(((y - pred) ** 2).mean()),
    "mae": lambda y, pred: float(abs(y - pred).mean()),
    "rmse": lambda y, pred: float(((y - pred) ** 2).mean()) ** 0.5,
}

plans = st.fixed_dictionaries(
    {
        "n_repeats": st.integers(1, 4),
        "seed": st.integers(0, 99),
        "block_rows": st.sampled_from([9, 16, 4096]),
        "chunk_rows": st.sampled_from([None, 1, 7, 64]),
        "n_jobs": st.sampled_from([1, 2, 3]),
        "memory": st.sampled_from([1, 20_000, _plan.MEMORY]),
    }
)
ACTIVATIONS = [nn.ReLU, nn.GELU, nn.SiLU, nn.LeakyReLU, nn.ELU, nn.Tanh]


def check(module: nn.Module, parts: list[np.ndarray], metric: str, plan: dict[str, Any]) -> None:
    """Fast, generic and by hand; single columns, and one group of every second column."""
    n_columns = sum(part.shape[1] for part in parts)
    features = (*singles(n_columns), Feature("group", tuple(range(0, n_columns, 2))))
    module.eval()
    predict = forward(module)
    y = np.random.default_rng(1).normal(size=predict(*parts).shape)
    plan = {**plan, "n_repeats": min(plan["n_repeats"], (min(plan["block_rows"], len(y)) - 1) // 2)}
    donors = MarginalSampler(len(y), plan.pop("n_repeats"), plan.pop("seed"), plan.pop("block_rows"))
    score = SCORES[metric]
    before, change = reference(predict, parts, features, donors, lambda pred: score(y, pred))

    X = tuple(parts)
    fast = engine(module, X, y, metric, donors=donors, features=features, **plan)
    generic = engine(Opaque(module), X, y, metric, donors=donors, features=features, **plan)

    assert set(fast.kernels) <= {"ignored", "levels", "sum"}
    assert set(generic.kernels) == {"generic"}
    for scores in (fast, generic):
        assert scores.complete
        assert scores.n_rows == len(y)
        np.testing.assert_allclose(scores.baseline, before, **CLOSE)
        np.testing.assert_allclose(scores.change, change, **CLOSE)


@pytest.mark.slow
@pytest.mark.usefixtures("_threads_at_once")
@settings(max_examples=50)
@given(st.data(), plans)
def test_networks_of_fastai_go_every_way_alike(data: st.DataObject, plan: dict[str, Any]) -> None:
    draw = data.draw
    levels = draw(st.lists(st.integers(2, 12), max_size=3), "levels")
    n_cont = draw(st.integers(0 if levels else 1, 3), "n_cont")
    layers = draw(st.lists(st.integers(1, 9), max_size=2), "layers")
    module = TabularModel(
        [(size, draw(st.integers(1, 4))) for size in levels],
        n_cont,
        draw(st.integers(1, 3), "n_outputs"),
        layers,
        ps=[0.3] * len(layers),
        embed_p=0.2,
        y_range=draw(st.sampled_from([None, (-2.0, 3.0)]), "y_range"),
        use_bn=draw(st.booleans(), "use_bn"),
        bn_final=draw(st.booleans(), "bn_final"),
        bn_cont=draw(st.booleans(), "bn_cont"),
        act_cls=draw(st.sampled_from(ACTIVATIONS), "activation")(),
        lin_first=draw(st.booleans(), "lin_first"),
    )
    seed, n = draw(st.integers(0, 99), "seed"), draw(st.integers(10, 60), "n")
    rng = np.random.default_rng(seed)
    cat = np.stack([rng.integers(0, size, n) for size in levels], 1) if levels else np.zeros((n, 0), np.int64)
    cont = rng.normal(size=(n, n_cont))
    cont[:, n_cont // 2 :] = cont[:, n_cont // 2 :].round()
    # fastai's own order: with no continuous column the network still gets one argument
    parts = [cat, cont] if levels and n_cont else [cat] if levels else [cat, cont]
    if not levels:
        parts = [np.zeros((n, 0), np.int64), cont]
    check(randomised(module, seed), parts, draw(st.sampled_from(sorted(SCORES)), "metric"), plan)


@pytest.mark.slow
@pytest.mark.usefixtures("_threads_at_once")
@settings(max_examples=50)
@given(st.data(), plans)
def test_perceptrons_go_every_way_alike(data: st.DataObject, plan: dict[str, Any]) -> None:
    draw = data.draw
    widths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=4), "widths")
    layers: list[nn.Module] = [nn.BatchNorm1d(widths[0])] if draw(st.booleans(), "norm first") else []
    for position, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
        layers.append(nn.Linear(n_in, n_out, bias=draw(st.booleans(), "bias")))
        if position < len(widths) - 2:
            extras = [
                nn.BatchNorm1d(n_out),
                nn.Dropout(0.4),
                draw(st.sampled_from(ACTIVATIONS), "activation")(),
            ]
            layers += draw(st.permutations(extras), "order")
    n, seed = draw(st.integers(10, 60), "n"), draw(st.integers(0, 99), "seed")
    x = np.random.default_rng(seed).normal(size=(n, widths[0]))
    x[:, ::2] = x[:, ::2].round()
    metric = draw(st.sampled_from(sorted(SCORES)), "metric")
    check(randomised(nn.Sequential(*layers), seed), [x], metric, plan)


class Tokens(nn.Module):
    """Like FT-Transformer: each column becomes a token, tokens attend to each other."""

    def __init__(self, n_columns: int, width: int = 8) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_columns, width))
        self.bias = nn.Parameter(torch.randn(n_columns + 1, width))
        self.block = nn.TransformerEncoderLayer(width, 2, 16, batch_first=True)
        self.out = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        tokens = torch.cat(
            [torch.zeros(len(x), 1, self.weight.shape[1]).to(x), x[:, :, None] * self.weight], 1
        )
        return self.out(self.block(tokens + self.bias)[:, 0])


class Residual(nn.Module):
    """Like the ResNet of rtdl: a linear layer, then blocks that add to what they get."""

    def __init__(self, n_columns: int, width: int = 8) -> None:
        super().__init__()
        self.first, self.out = nn.Linear(n_columns, width), nn.Linear(width, 1)
        self.block = nn.Sequential(nn.BatchNorm1d(width), nn.Linear(width, width), nn.ReLU(), nn.Dropout(0.3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.out(torch.relu(x + self.block(x)))


class Members(nn.Module):
    """Like TabM: members that share weights, each with scales of its own; gives their mean."""

    def __init__(self, n_columns: int, width: int = 8, n_members: int = 3) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(n_members, n_columns))
        self.first, self.out = nn.Linear(n_columns, width), nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.first(x[:, None] * self.scale))).mean(1)


@pytest.mark.parametrize("build", [Tokens, Residual, Members])
@pytest.mark.parametrize("chunk_rows", [None, 7])
def test_networks_of_other_kinds_give_the_numbers_of_the_swaps_by_hand(
    build: type[nn.Module], chunk_rows: int | None
) -> None:
    module = randomised(build(4), 3).eval()
    x = np.random.default_rng(0).normal(size=(40, 4))
    y = np.random.default_rng(1).normal(size=(40, 1))
    donors = MarginalSampler(40, 3, 0, 16)
    before, change = reference(forward(module), [x], singles(4), donors, lambda p: SCORES["mse"](y, p))
    scores = engine(module, x, y, donors=donors, chunk_rows=chunk_rows)
    np.testing.assert_allclose(scores.baseline, before, **CLOSE)
    np.testing.assert_allclose(scores.change, change, **CLOSE)
    if build is Tokens:
        assert set(scores.kernels) == {"generic"}


def test_single_precision_stays_within_its_roundings() -> None:
    module = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
    x = np.random.default_rng(0).normal(size=(500, 5)).astype(np.float32)
    y = np.random.default_rng(1).normal(size=500)
    exact = engine(module.double(), x.astype(np.float64), y)
    fast, generic = engine(module.float(), x, y), engine(Opaque(module.float()), x, y)
    # a prediction near 1 is off by some 2^-24; a mean of 500 squared errors by no more
    for scores in (fast, generic):
        np.testing.assert_allclose(scores.change, exact.change, rtol=1e-5, atol=1e-6)


# an input that is not used


def weights() -> np.ndarray:
    return np.array([1.0, 0.0, -2.0, 0.0])


def rounding(x: np.ndarray) -> np.ndarray:
    """Adds in another order, by the number of rows: exact among the few rows looked at before the run."""
    out = x @ weights()
    return out if len(x) <= 300 else out * (1 + 2.3e-16 * (len(x) % 3))


class Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = randomised(nn.Sequential(nn.Linear(4, 37), nn.Tanh(), nn.Linear(37, 1)), 0)
        with torch.no_grad():
            self.inner[0].weight[:, [1, 3]] = 0.0

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


def fitted(estimator: Any) -> Any:
    x = np.random.default_rng(5).normal(size=(400, 4)).round(1)
    estimator.fit(x, x @ weights())
    for name in ("coef_", "coefs_"):
        if hasattr(estimator, name):
            values = getattr(estimator, name)
            (values[0] if isinstance(values, list) else values)[[1, 3]] = 0.0
    return estimator


def on_two_columns(estimator: Any) -> Any:
    """Trees that never saw the columns 1 and 3 vary."""
    x = np.random.default_rng(5).normal(size=(400, 4)).round(1)
    y = x @ weights()
    x[:, [1, 3]] = 0.0
    return estimator.fit(x, y)


UNUSED: dict[str, Callable[[], Any]] = {
    "fast": lambda: Unused().inner,
    "generic torch": Unused,
    "generic torch, single": lambda: Unused().float(),
    "function": lambda: lambda x: x @ weights(),
    "function of many products": lambda: (
        lambda x: np.tanh(x @ np.outer(weights(), np.ones(90)) @ np.eye(90)).sum(1)
    ),
    "function that rounds by the batch": lambda: rounding,
    "linear": lambda: fitted(LinearRegression()),
    "tree": lambda: on_two_columns(DecisionTreeRegressor()),
    "boosting": lambda: on_two_columns(HistGradientBoostingRegressor(max_iter=10)),
    "forest": lambda: on_two_columns(RandomForestRegressor(5)),
    "forest of threads": lambda: on_two_columns(RandomForestRegressor(5, n_jobs=2)),
    "perceptron": lambda: fitted(
        MLPRegressor(hidden_layer_sizes=(30, 8), solver="lbfgs", max_iter=5000, tol=1e-2)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", UNUSED)
@pytest.mark.parametrize("n_rows", [50, 700])
def test_an_unused_input_is_exactly_zero(name: str, n_rows: int) -> None:
    x = np.random.default_rng(0).normal(size=(n_rows, 4)).round(2)
    imp = weigh(UNUSED[name](), x, x @ weights() + 1, n_repeats=5, random_state=0, metric="mse")
    np.testing.assert_array_equal(imp.importances[[1, 3]], 0.0)
    assert (imp.importances[[0, 2]] != 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", UNUSED)
def test_a_constant_column_is_exactly_zero(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(60, 4))
    x[:, 0] = 0.7
    imp = weigh(UNUSED[name](), x, x @ weights() + 1, random_state=0, metric="mse")
    np.testing.assert_array_equal(imp.importances[0], 0.0)


# closed forms


def monte_carlo(
    draw: Callable[[np.random.Generator], np.ndarray],
    predict: Callable[[np.ndarray], np.ndarray],
    truth: Callable[[np.ndarray], np.ndarray] | None = None,
    groups: dict[str, list[str]] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean importance over independent tables, and its standard error from their spread."""
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = draw(rng)
        y = (truth or predict)(x) + rng.normal(size=len(x))
        imp = weigh(predict, x, y, metric="mse", n_repeats=3, random_state=seed, groups=groups)
        found.append(imp.importances.mean(1))
    return np.mean(found, 0), np.std(found, 0, ddof=1) / np.sqrt(len(found))


def correlated(rng: np.random.Generator) -> np.ndarray:
    return rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], size=300)


def close_to(found: tuple[np.ndarray, np.ndarray], truth: list[float]) -> None:
    mean, error = found
    # 4 standard errors of a t with 59 degrees: missed once in 5,000 draws, and the seeds are fixed
    assert (abs(mean - truth) <= 4 * error).all(), (mean, error)
    assert (error < 0.05 * np.maximum(truth, 1)).all()  # or anything would do


def test_a_linear_model_has_twice_the_squared_coefficient_whatever_the_correlation() -> None:
    close_to(monte_carlo(correlated, lambda x: 3 * x[:, 0] + x[:, 1]), [18, 2])


def test_a_duplicated_feature_has_its_share_and_the_group_all() -> None:
    def draw(rng: np.random.Generator) -> np.ndarray:
        return np.repeat(rng.normal(size=(300, 1)), 2, 1)

    close_to(monte_carlo(draw, lambda x: x.sum(1), groups={"both": ["x0", "x1"]}), [2, 2, 8])


def test_a_pure_interaction() -> None:
    def draw(rng: np.random.Generator) -> np.ndarray:
        return rng.normal(size=(600, 3))

    close_to(monte_carlo(draw, lambda x: 2 * x[:, 0] * x[:, 1] + x[:, 2]), [8, 8, 2])


def test_the_example_of_ewald_and_others() -> None:
    def draw(rng: np.random.Generator) -> np.ndarray:
        x = rng.normal(size=(600, 5))
        x[:, 3] = x[:, 2] + rng.normal(scale=0.1**0.5, size=600)
        return x

    truth = [0, 0, 0, 4.4, 4.2]
    mean, error = monte_carlo(draw, lambda x: x[:, 3] + x[:, 4] + x[:, 3] * x[:, 4])
    np.testing.assert_array_equal(mean[:3], 0.0)
    close_to((mean, error), truth)


def test_all_shifts_of_a_block_are_the_mean_over_all_pairs() -> None:
    rng = np.random.default_rng(0)
    n, x = 30, rng.normal(size=(30, 3))
    y = rng.normal(size=30)

    def predict(x: np.ndarray) -> np.ndarray:
        return np.exp(x[:, 0]) * x[:, 1] - x[:, 2] ** 2

    shifts = ExplicitSampler((np.arange(n) - np.arange(1, n)[:, None]) % n)
    change = engine(predict, x, y, donors=shifts).change.mean(1)
    for j in range(3):
        pairs = []
        for giver in range(n):
            moved = x.copy()
            moved[:, j] = x[giver, j]
            pairs.append(np.delete((y - predict(moved)) ** 2, giver))
        expected = np.mean(pairs) - np.mean((y - predict(x)) ** 2)
        np.testing.assert_allclose(change[j], expected, **CLOSE)


# metrics of all rows at once, donors written out, blocks


@pytest.mark.usefixtures("_threads_at_once")
@pytest.mark.parametrize("memory", [1, 10_000, _plan.MEMORY])
@pytest.mark.parametrize("wrap", [nn.Identity, Opaque])
@pytest.mark.parametrize("name", ["rmse", "r2", "auc"])
def test_scores_of_all_rows_are_those_of_all_rows(name: str, wrap: type[nn.Module], memory: int) -> None:
    module = randomised(nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 1)), 0)
    rng = np.random.default_rng(0)
    x, donors = rng.normal(size=(50, 3)), MarginalSampler(50, 3, 0, 12)
    y = (rng.random(50) < 0.4) * 1.0
    function: Any = {"rmse": None, "r2": r2_score, "auc": roc_auc_score}[name]
    by_hand = {"rmse": lambda y, p: mean_squared_error(y, p) ** 0.5}.get(name, function)
    before, change = reference(forward(module), [x], singles(3), donors, lambda p: by_hand(y, p[:, 0]))
    model = Opaque(module) if wrap is Opaque else module
    scores = engine(
        model,
        x,
        y,
        function or name,
        better=True if function else None,
        donors=donors,
        memory=memory,
        n_jobs=2,
    )
    np.testing.assert_allclose(scores.baseline, before, **CLOSE)
    np.testing.assert_allclose(scores.change, change, **CLOSE)


@pytest.mark.parametrize("chunk_rows", [None, 1, 16])
@pytest.mark.parametrize("wrap", [nn.Identity, Opaque])
def test_permutations_written_out_may_keep_rows_in_place(
    wrap: type[nn.Module], chunk_rows: int | None
) -> None:
    module = randomised(nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 1)), 0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 1))
    permutations = np.stack([np.arange(50), rng.permutation(50), np.r_[1, 0, np.arange(2, 50)]])
    donors = ExplicitSampler(permutations)
    _, change = reference(forward(module), [x], singles(3), donors, lambda p: SCORES["mae"](y, p))
    model = Opaque(module) if wrap is Opaque else module
    scores = engine(model, x, y, "mae", donors=donors, chunk_rows=chunk_rows)
    np.testing.assert_allclose(scores.change, change, **CLOSE)
    np.testing.assert_array_equal(scores.change[:, 0], 0.0)


class One:
    """One block of other donors, as if it were all."""

    name, closed, strata = "one", False, None

    def __init__(self, block: Block) -> None:
        self.block, self.n_repeats = block, len(block.donors)
        self.largest_block = self.n_receivers = len(block.rows)

    def blocks(self) -> Iterator[Block]:
        yield self.block


def test_blocks_cover_all_rows_and_add_up() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(103, 3)), rng.normal(size=103)
    donors = MarginalSampler(103, 4, 0, block_rows=10)

    def predict(x: np.ndarray) -> np.ndarray:
        return x[:, 0] * x[:, 1]

    whole = engine(predict, x, y, donors=donors, memory=1)
    assert whole.n_rows == 103
    change, baseline, n = np.zeros((3, 4)), 0.0, 0
    for block in donors.blocks():
        part = engine(predict, x, y, donors=One(block))
        n += part.n_rows
        change += part.n_rows * part.change
        baseline += part.n_rows * part.baseline
    assert n == 103
    np.testing.assert_allclose(change / n, whole.change, **CLOSE)
    np.testing.assert_allclose(baseline / n, whole.baseline, **CLOSE)


def test_groups_reach_across_categorical_and_continuous_inputs() -> None:
    module = randomised(TabularModel([(5, 2), (3, 2)], 2, 1, [6]), 0).eval()
    rng = np.random.default_rng(0)
    cat, cont = np.stack([rng.integers(0, 5, 60), rng.integers(0, 3, 60)], 1), rng.normal(size=(60, 2))
    y, donors = rng.normal(size=(60, 1)), MarginalSampler(60, 10, 3)
    groups = {"across": ["input0_1", "input1_0"], "all": ["input0_0", "input0_1", "input1_0", "input1_1"]}
    imp = weigh(
        module, (cat, cont), y, metric="mse", features=[], groups=groups, n_repeats=10, random_state=3
    )
    units = (Feature("across", (1, 2)), Feature("all", (0, 1, 2, 3)))
    _, change = reference(forward(module), [cat, cont], units, donors, lambda p: SCORES["mse"](y, p))
    np.testing.assert_allclose(imp.importances, change, **CLOSE)
    assert imp.groups == {name: tuple(members) for name, members in groups.items()}


# when it goes wrong


def small() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 3)), rng.normal(size=60)


def product(x: np.ndarray) -> np.ndarray:
    return x[:, 0] * x[:, 1] + x[:, 2]


MODELS: dict[str, Callable[[], Any]] = {
    "function": lambda: product,
    "fast": lambda: randomised(nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 1)), 0),
    "generic": lambda: Opaque(randomised(nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 1)), 0)),
}


@pytest.mark.parametrize("name", MODELS)
def test_ctrl_c_keeps_the_features_that_are_finished(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plan, "SHORT_RUN", 0)
    (x, y), donors = small(), MarginalSampler(60, 2, 0, 10)
    whole = engine(MODELS[name](), x, y, donors=donors, memory=1)
    blocks = len(list(donors.blocks()))
    steps = itertools.count(1)

    def advance(work: int) -> None:
        assert work > 0
        if next(steps) == 2 * blocks + 2:  # in the middle of the third feature
            signal.raise_signal(signal.SIGINT)

    part = engine(MODELS[name](), x, y, donors=donors, memory=1, advance=advance)
    assert not part.complete
    assert part.n_rows == 60
    np.testing.assert_array_equal(part.change, whole.change[:2])
    assert len(part.kernels) == 2


@pytest.mark.parametrize("name", MODELS)
def test_ctrl_c_keeps_the_rows_that_are_done_where_features_go_together(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_plan, "BATCH_ROWS", 20)
    (x, y), donors = small(), MarginalSampler(60, 2, 0, 10)
    steps = itertools.count(1)

    def advance(work: int) -> None:
        assert work == 20 * 2 * 3
        if next(steps) == 2:
            raise KeyboardInterrupt

    part = engine(MODELS[name](), x, y, donors=donors, advance=advance)
    assert not part.complete
    assert part.n_rows == 40
    both = [engine(MODELS[name](), x, y, donors=One(b)) for b in itertools.islice(donors.blocks(), 4)]
    np.testing.assert_allclose(part.change, np.mean([s.change for s in both], 0), **CLOSE)
    np.testing.assert_allclose(part.baseline, np.mean([s.baseline for s in both]), **CLOSE)


@pytest.mark.parametrize("name", MODELS)
def test_ctrl_c_before_the_first_step_is_raised_on(name: str) -> None:
    def advance(work: int) -> None:
        raise AssertionError("nothing is done yet")

    def metric(y: np.ndarray, pred: np.ndarray) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine(MODELS[name](), *small(), metric, better=True)


def test_ctrl_c_while_scoring_keeps_the_features_that_are_scored() -> None:
    calls = itertools.count(1)

    def metric(y: np.ndarray, pred: np.ndarray) -> float:
        if next(calls) == 1 + 2 * 2 + 1:  # the baseline, two features, one shuffle of the third
            raise KeyboardInterrupt
        return float(pred.mean())

    part = engine(product, *small(), metric, better=True)
    assert part.change.shape == (2, 2)
    assert not part.complete


class Narrow(nn.Module):
    """Runs out of memory above so many rows."""

    def __init__(self, rows: int, error: Callable[[], Exception]) -> None:
        super().__init__()
        self.inner, self.rows, self.error = MODELS["fast"](), rows, error
        self.refused = 0

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > self.rows:
            self.refused += 1
            raise self.error()
        return self.inner(x)


OUT_OF_MEMORY: dict[str, Callable[[], Exception]] = {
    "torch": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "torch on the CPU": lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    "MPS": lambda: RuntimeError("MPS backend out of memory (MPS allocated: 9.07 GB)"),
    "Python": MemoryError,
}


@pytest.mark.slow
@pytest.mark.usefixtures("_threads_at_once")
@pytest.mark.parametrize("error", OUT_OF_MEMORY)
@pytest.mark.parametrize("rows", [1, 40, 150])
def test_out_of_memory_goes_on_with_fewer_rows_at_once(error: str, rows: int) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 3)), rng.normal(size=400)
    narrow = Narrow(rows, OUT_OF_MEMORY[error])
    found = engine(narrow, x, y, n_jobs=2)
    expected = engine(Opaque(MODELS["fast"]()), x, y)
    assert narrow.refused
    np.testing.assert_allclose(found.change, expected.change, **CLOSE)


@pytest.mark.parametrize("error", ["torch", "Python"])
def test_out_of_memory_with_one_row_is_raised_on(error: str) -> None:
    with pytest.raises((torch.OutOfMemoryError, MemoryError)):
        engine(Narrow(0, OUT_OF_MEMORY[error]), *small())


def test_out_of_memory_on_the_fast_path_goes_on_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from weighin._engine.kernels import split_sums

    kernel, asked = split_sums.predict_swapped, []

    def predict_swapped(*args: Any, chunk_rows: int | None, **kwargs: Any) -> None:
        asked.append(chunk_rows)
        if chunk_rows is None or chunk_rows > 50:
            raise torch.OutOfMemoryError("CUDA out of memory")
        kernel(*args, chunk_rows=chunk_rows, **kwargs)

    expected = engine(MODELS["fast"](), *small())
    monkeypatch.setattr(split_sums, "predict_swapped", predict_swapped)
    np.testing.assert_allclose(engine(MODELS["fast"](), *small()).change, expected.change, **CLOSE)
    assert asked[0] is None
    assert asked[-1] <= 50


def test_an_estimator_out_of_memory_goes_on() -> None:
    def predict(x: np.ndarray) -> np.ndarray:
        if len(x) > 33:
            raise MemoryError
        return product(x)

    np.testing.assert_array_equal(engine(predict, *small()).change, engine(product, *small()).change)


def test_another_error_of_the_model_is_the_users_to_see() -> None:
    def predict(x: np.ndarray) -> np.ndarray:
        raise RuntimeError("no memory of such a column")

    with pytest.raises(RuntimeError, match="no memory of such a column"):
        engine(predict, *small())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_predictions_that_are_no_numbers_are_counted_and_the_feature_named(bad: float) -> None:
    x = np.zeros((20, 3))
    x[4:9, 0] = 1.0
    x[4:9, 1] = 1.0

    def predict(x: np.ndarray) -> np.ndarray:
        return np.where(x[:, 0] > x[:, 1], bad, x[:, 2])

    message = r"[1-5] of 20 predictions are not finite after swapping 'x0'\."
    with pytest.raises(ModelError, match=message):
        engine(predict, x, np.zeros(20), n_repeats=1)
    with pytest.raises(ModelError, match=r"20 of 20 predictions are not finite on the rows as they are\."):
        engine(lambda x: x[:, 0] + bad, x, np.zeros(20))


def test_large_predictions_whose_sum_overflows_are_numbers() -> None:
    scores = engine(
        lambda x: (x[:, 0] * 1e36).astype(np.float32), np.full((2000, 1), 3.0), np.zeros(2000), "mae"
    )
    assert scores.baseline == pytest.approx(3e36, rel=1e-6)


@pytest.mark.parametrize("extra", [-1, 1])
def test_a_model_that_gives_another_number_of_rows_is_refused(extra: int) -> None:
    with pytest.raises(ModelError, match=r"gave \d+ predictions for \d+ rows; one per row is needed"):
        engine(lambda x: np.zeros(len(x) + extra), *small())


def test_a_metric_that_is_no_number_on_the_rows_as_they_are_is_an_error() -> None:
    with pytest.raises(MetricError, match="is nan on the rows as they are"):
        engine(product, *small(), lambda y, pred: float("nan"), better=True)


# what must not change


def state() -> list[Any]:
    kind, keys, *rest = np.random.get_state()
    return [
        random.getstate(),
        (kind, keys.tolist(), rest),
        torch.get_rng_state().tolist(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.cudnn.benchmark,
        torch.get_default_dtype(),
        np.geterr(),
    ]


class Dicing(nn.Module):
    """Draws from every global generator there is, then does what it is told."""

    def __init__(self, inner: Any, at_swap: Callable[[], None]) -> None:
        super().__init__()
        self.inner, self.at_swap, self.calls = inner, at_swap, 0

    def forward(self, x: Tensor) -> Tensor:
        random.random(), np.random.random(), torch.rand(1)
        self.calls += 1
        if self.calls > 5:
            self.at_swap()
        return self.inner(x)

    __deepcopy__ = Opaque.__deepcopy__  # the calls are to be its own


def nothing() -> None:
    pass


def fail() -> None:
    raise ValueError("at last")


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("_threads_at_once")
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("at_swap", [nothing, fail, interrupt])
@pytest.mark.parametrize("kind", ["torch", "function"])
def test_global_state_comes_back(kind: str, at_swap: Callable[[], None], n_jobs: int) -> None:
    module = Dicing(randomised(nn.Linear(3, 1), 0), at_swap)
    model: Any = module if kind == "torch" else lambda x: module(torch.from_numpy(x))
    before = state()
    try:
        engine(model, *small(), n_jobs=n_jobs, chunk_rows=20)
        assert at_swap is nothing
    except (ValueError, KeyboardInterrupt):
        assert at_swap is not nothing
    assert module.calls > 5
    assert state() == before


@pytest.mark.slow
@pytest.mark.usefixtures("_threads_at_once")
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_and_flags_come_back_on_the_fast_path(error: type[BaseException], threads: int) -> None:
    def advance(work: int) -> None:
        raise error

    module = MODELS["fast"]()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        before = state()
        fine = engine(module, *small(), n_jobs=2)
        assert set(fine.kernels) == {"sum"}
        assert state() == before
        if error is KeyboardInterrupt:
            assert not engine(module, *small(), n_jobs=2, advance=advance).complete
        else:
            with pytest.raises(error):
                engine(module, *small(), n_jobs=2, advance=advance)
        assert state() == before
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(1)


# models whose predictions are not one number per row


@pytest.mark.parametrize("last", [nn.Softmax(dim=0), nn.Sequential(nn.Tanh(), nn.LogSoftmax(0))])
def test_a_layer_across_the_rows_is_noted(last: nn.Module) -> None:
    scores = engine(nn.Sequential(nn.Linear(3, 4), last, nn.Linear(4, 1)), *small())
    assert scores.batch_dependence > 0
    assert set(scores.kernels) == {"generic"}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_stochastic_model_is_noted_once(n_jobs: int) -> None:
    rng = np.random.default_rng(0)

    def predict(x: np.ndarray) -> np.ndarray:
        return product(x) + rng.normal(scale=1e-3, size=len(x))

    imp = weigh(predict, *small(), random_state=0, n_jobs=n_jobs)
    (note,) = imp.notes
    assert note.startswith("The model is stochastic: two predictions of the same rows differ by up to 0.00")


def test_a_network_that_drops_out_when_evaluated_is_noted_and_goes_the_generic_way() -> None:
    class Always(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(3, 1)

        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.dropout(self.inner(x), 0.5, training=True)

    imp = weigh(Always(), *small(), random_state=0)
    assert len(imp.notes) == 1
    assert set(imp.kernels.values()) == {"generic"}


def test_roundings_are_no_noise() -> None:
    turn = itertools.count()

    def predict(x: np.ndarray) -> np.ndarray:
        return product(x) * (1 + 2.3e-16 * (next(turn) % 2))

    imp = weigh(predict, *small(), random_state=0, metric="mse", groups={"all": ["x0", "x1", "x2"]})
    assert imp.notes == ()


def test_a_row_that_depends_on_its_neighbours_is_noted() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 1))
    for model in (module, lambda x: product(x) - product(x).mean()):
        (note,) = weigh(model, *small(), random_state=0).notes
        assert note.startswith("A row's prediction depends on the rows predicted beside it")


class Overwriting(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        x -= 0.5
        x[:, 1] = x[:, 1].exp()
        return x[:, 0] * x[:, 1] + x[:, 2]


def overwriting(x: np.ndarray) -> np.ndarray:
    x -= 0.5
    x[:, 1] = np.exp(x[:, 1])
    return x[:, 0] * x[:, 1] + x[:, 2]


def overwriting_noisily(x: np.ndarray) -> np.ndarray:
    """Not the same to the bit beside other rows: this one goes in stacks."""
    return overwriting(x) * (1 + 4e-16 * (len(x) % 2))


@pytest.mark.parametrize("model", [Overwriting(), overwriting, overwriting_noisily])
@pytest.mark.parametrize("n_repeats", [1, 5])
def test_a_model_that_overwrites_its_input_gives_the_same_numbers(model: Any, n_repeats: int) -> None:
    (x, y), donors = small(), MarginalSampler(60, n_repeats, 0)
    x = x.astype(np.float32).astype(np.float64)
    kept = x.copy()
    _, change = reference(
        lambda x: overwriting(x.copy()), [x], singles(3), donors, lambda p: SCORES["mse"](y, p)
    )
    scores = engine(model, x, y, donors=donors)
    # the module has no weights to say otherwise, so it predicts in single precision
    np.testing.assert_allclose(scores.change, change, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(x, kept)
    assert scores.noise == 0


def test_a_function_may_add_columns_to_the_frame_it_gets() -> None:
    x, y = small()
    frame = pd.DataFrame(x, columns=["x0", "x1", "x2"])
    kept = frame.copy()

    def predict(frame: pd.DataFrame) -> np.ndarray:
        frame["x1"] = frame["x1"] * 2
        frame["new"] = frame["x0"] * frame["x1"]
        return frame["new"] + frame["x2"]

    expected = engine(lambda x: 2 * x[:, 0] * x[:, 1] + x[:, 2], x, y)
    np.testing.assert_allclose(engine(predict, frame, y).change, expected.change, **CLOSE)
    pd.testing.assert_frame_equal(frame, kept)


class View(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, 1]


@pytest.mark.parametrize("model", [View(), lambda x: x[:, 1], lambda x: x[:, 1:2]])
def test_a_prediction_may_be_a_view_of_the_input(model: Any) -> None:
    (x, y), donors = small(), MarginalSampler(60, 4, 0)
    _, change = reference(lambda x: x[:, 1].copy(), [x], singles(3), donors, lambda p: SCORES["mse"](y, p))
    np.testing.assert_allclose(engine(model, x, y, donors=donors).change, change, rtol=1e-4, atol=1e-5)


def test_a_prediction_may_come_in_a_buffer_used_again() -> None:
    buffer = np.empty(100_000)

    def predict(x: np.ndarray) -> np.ndarray:
        buffer[: len(x)] = product(x)
        return buffer[: len(x)]

    np.testing.assert_array_equal(
        engine(predict, *small(), chunk_rows=7).change, engine(product, *small(), chunk_rows=7).change
    )


# memory, devices


@pytest.mark.parametrize("metric", ["mse", "prediction_change"])
@pytest.mark.parametrize("n_rows", [1_000, 30_000, 60_000])
@pytest.mark.parametrize("name", MODELS)
def test_predictions_held_at_once_do_not_grow_with_rows(
    name: str, n_rows: int, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, empty = [], Run.empty

    def counted(self: Any, *shape: int) -> Any:
        array = empty(self, *shape)
        held.append(array.nbytes)
        return array

    monkeypatch.setattr(Run, "empty", counted)
    x = np.random.default_rng(0).normal(size=(n_rows, 3))
    memory = 2**20
    engine(MODELS[name](), x, x[:, 0], metric, n_repeats=3, memory=memory)
    assert max(held) <= memory


PEAK = """
import ctypes, gc
import numpy as np, torch
from weighin import weigh

class Wide(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.randn(40, 64))

    def forward(self, x):  # no sum of parts; needs megabytes in one piece
        return (x[:, :, None] * self.scale).tanh().mean((1, 2))

def status(key):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key))

torch.manual_seed(0)
model = Wide()
x = np.random.default_rng(0).normal(size=(2000, 40)).astype("float32")
ask = dict(n_repeats=5, random_state=0, progress=False, batch_size=500, n_jobs=1)
weigh(model, x[:50], x[:50, 0].copy(), **ask)
gc.collect()
ctypes.CDLL(None).malloc_trim(0)
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
weigh(model, x, x[:, 0].copy(), **ask)
print((status("VmHWM") - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak")
def test_what_is_kept_does_not_lie_in_the_way_of_what_the_next_call_needs() -> None:
    """A small array kept after each call pinned the room that the call had: megabytes for each shuffle."""
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 200  # MiB; it was up to 1,600


@pytest.mark.parametrize("numbers", [10, 10_000])
@pytest.mark.parametrize("of_call", [0, 10_000_000])
def test_what_a_call_takes_for_each_row_sets_its_size(numbers: int, of_call: int) -> None:
    """A kernel against the rows of training, say; what every call takes, however few its rows, is no reason."""
    sizes: list[int] = []

    def predict(x: np.ndarray) -> np.ndarray:
        sizes.append(len(x))
        np.zeros(of_call // 8)
        return np.outer(product(x), np.ones(numbers)).mean(1)

    x, y = np.random.default_rng(0).normal(size=(2500, 3)), np.zeros(2500)
    found = engine(predict, x, y, n_repeats=2)
    assert max(sizes) * numbers * 8 < 2**26
    assert (max(sizes) < 2500) == (numbers == 10_000)
    np.testing.assert_allclose(found.change, engine(product, x, y, n_repeats=2).change, rtol=1e-9, atol=1e-12)


def test_memory_that_is_traced_already_stays_the_tracers() -> None:
    tracemalloc.start()
    try:
        held = [bytearray(1000) for _ in range(10)]
        traced = tracemalloc.get_traced_memory()[0]
        engine(product, *small())
        assert tracemalloc.is_tracing()
        assert tracemalloc.get_traced_memory()[0] >= traced - len(held)
    finally:
        tracemalloc.stop()
    engine(product, *small())
    assert not tracemalloc.is_tracing()


def test_scored_predictions_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    import weakref

    held: list[Any] = []
    empty = Run.empty

    def counted(self: Any, *shape: int) -> Any:
        array = empty(self, *shape)
        held.append(weakref.ref(array))
        assert (
            sum(ref() is not None for ref in held) <= 5
        )  # those of a group and of a batch, each with a baseline
        return array

    monkeypatch.setattr(Run, "empty", counted)
    x = np.random.default_rng(0).normal(size=(200, 12))
    engine(
        lambda x: x.sum(1), x, x[:, 0], lambda y, pred: float(np.abs(y - pred).max()), better=False, memory=1
    )
    assert len(held) > 24


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("build", [MODELS["fast"], MODELS["generic"], lambda: randomised(Tokens(3), 0)])
def test_a_gpu_gives_the_numbers_of_the_cpu(build: Callable[[], nn.Module]) -> None:
    x, y = small()
    on_cpu = weigh(build().float(), x, y, random_state=0)
    on_gpu = weigh(build().float(), x, y, random_state=0, device="cuda")
    np.testing.assert_allclose(on_gpu.importances, on_cpu.importances, rtol=1e-4, atol=1e-4)
    moved = weigh(build().float().cuda(), torch.tensor(x).cuda(), torch.tensor(y).cuda(), random_state=0)
    np.testing.assert_allclose(moved.importances, on_cpu.importances, rtol=1e-4, atol=1e-4)


def test_the_donors_of_a_run_are_those_of_the_seed() -> None:
    """`weigh` and the engine under it speak of the same swaps."""
    x, y = small()
    imp = weighin.weigh(product, x, y, metric="mse", n_repeats=4, random_state=11)
    given = donor_rows(MarginalSampler(60, 4, 11))
    by_hand = [
        [np.mean((y - product(np.where(np.arange(3) == j, x[g], x))) ** 2) for g in given] for j in range(3)
    ]
    np.testing.assert_allclose(imp.importances, np.array(by_hand) - np.mean((y - product(x)) ** 2), **CLOSE)


def test_progress_adds_up_to_all_the_work() -> None:
    for memory, name in itertools.product([1, 5_000, _plan.MEMORY], MODELS):
        done: list[int] = []
        engine(MODELS[name](), *small(), n_repeats=3, block_rows=10, memory=memory, advance=done.append)
        assert sum(done) == 60 * 3 * 3


def test_no_feature_at_all_still_gives_a_baseline() -> None:
    model = as_model(product)
    x, y = small()
    data = model.encode(x, y, "raise", True)
    sampler = ExplicitSampler(np.arange(60)[None])
    measurement = Measurement((resolve_metric("mse", None, model.metric_context(data)),))
    with Session(model) as session:
        scores = session.measure(data, (), sampler, measurement)
    assert scores.change.shape == (0, 1)
    assert scores.baseline == pytest.approx(np.mean((y - product(x)) ** 2), rel=1e-12)
