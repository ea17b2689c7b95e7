"""Every way to predict gives the numbers of the swaps by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from fastai.tabular.model import TabularModel
from hypothesis import given, settings
from hypothesis import strategies as st
from opaque import CLOSE, MODELS, SCORES, One, Opaque, Tokens, product, randomised, small
from sklearn.metrics import mean_squared_error, r2_score, roc_auc_score
from torch import Tensor, nn

import weighin
from swaps import donor_rows, engine, reference, singles
from weighin import weigh
from weighin._engine import Measurement, Session
from weighin._engine import plan as _plan
from weighin._metrics import resolve_metric
from weighin._models import as_model
from weighin._samplers import ExplicitSampler, MarginalSampler
from weighin._tables.features import Feature


def forward(module: nn.Module) -> Callable[..., np.ndarray]:
    def predict(*parts: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            out = module(*(torch.from_numpy(part) for part in parts)).numpy()
        return out.reshape(len(out), -1)

    return predict


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
