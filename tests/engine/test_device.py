"""Losses, moments and swaps formed on a device: here the CPU takes the part of one."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import weighin
from weighin import Importance, weigh
from weighin._engine.kernels import kernel as _kernel
from weighin._models.split_view import SplitView

N = 120


class Mixed(nn.Module):
    """Embeddings beside numbers, then layers: what the split reads."""

    def __init__(
        self, levels: tuple[int, ...], n_cont: int, layers: tuple[int, ...], n_outputs: int, seed: int
    ):
        super().__init__()
        torch.manual_seed(seed)
        self.embeds = nn.ModuleList(nn.Embedding(k, 2) for k in levels)
        sizes = (2 * len(levels) + n_cont, *layers)
        parts: list[nn.Module] = []
        for n_in, n_out in itertools.pairwise(sizes):
            parts += [nn.Linear(n_in, n_out), nn.ReLU(), nn.BatchNorm1d(n_out)]
        self.layers = nn.Sequential(*parts, nn.Linear(sizes[-1], n_outputs))

    def forward(self, x_cat: torch.Tensor, x_cont: torch.Tensor) -> torch.Tensor:
        return self.layers(torch.cat([*(e(x_cat[:, j]) for j, e in enumerate(self.embeds)), x_cont], 1))


class Opaque(nn.Module):
    """No sum of parts: columns are multiplied before any layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.layers = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))

    def forward(self, x_cat: torch.Tensor, x_cont: torch.Tensor) -> torch.Tensor:
        return self.layers((x_cont[:, :3] * (1 + x_cont[:, 1:4])).sin() + x_cat[:, :1])


def rows(levels: tuple[int, ...], n_cont: int, n: int = N, dtype: Any = np.float32) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    cat = np.stack([rng.integers(0, k, n) for k in levels], 1)
    cont = rng.normal(size=(n, n_cont)).astype(dtype)
    cont[:, -1] = cont[:, -1] > 0.5
    return cat, cont


LEVELS, N_CONT = (2, 3, 17), 4
X = rows(LEVELS, N_CONT)
Y = np.random.default_rng(2).normal(size=N).astype(np.float32)
CLASSES = np.random.default_rng(2).integers(0, 3, N)
FEATURES = ("input0_0", "input0_1", "input0_2", "input1_0", "input1_1", "input1_2", "input1_3")


@pytest.fixture
def as_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """Run something as if the CPU were a device."""

    def run(call: Callable[[], Any]) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(_kernel, "SUMS_ON_HOST", ())
            return call()

    return run


def alike(one: Importance, other: Importance, rtol: float = 1e-4, atol: float = 1e-6) -> None:
    """The same numbers, intervals and segments."""
    for left, right in zip((one, *one.parts), (other, *other.parts), strict=True):
        np.testing.assert_allclose(left.importances, right.importances, rtol, atol)
        for name in ("se", "se_shuffle"):
            np.testing.assert_allclose(getattr(left, name), getattr(right, name), 10 * rtol, 10 * atol)
        assert left.features == right.features
        assert left.baseline == pytest.approx(right.baseline, rel=rtol, nan_ok=True)


def by_hand(model: nn.Module, x: tuple[Any, Any], y: np.ndarray, n_repeats: int) -> np.ndarray:
    """Ten lines: swap a column by the donors of one block, predict, compare squared errors."""
    from weighin._samplers import MarginalSampler

    (block,) = MarginalSampler(len(y), n_repeats, 0).blocks()
    tensors = [torch.from_numpy(part) for part in x]

    def loss(parts: list[torch.Tensor]) -> float:
        with torch.no_grad():
            return float((model.eval()(*parts)[:, 0].double() - torch.from_numpy(y)).square().mean())

    importances = []
    for part, column in ((p, j) for p in range(2) for j in range(x[p].shape[1])):
        for donors in block.donors:
            moved = [tensor.clone() for tensor in tensors]
            moved[part][torch.from_numpy(block.rows), column] = tensors[part][block.rows[donors], column]
            importances.append(loss(moved) - loss(tensors))
    return np.array(importances).reshape(-1, n_repeats)


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    levels=st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    n_cont=st.integers(1, 4),
    layers=st.lists(st.integers(1, 12), min_size=1, max_size=3).map(tuple),
    n_outputs=st.integers(1, 3),
    n_repeats=st.integers(1, 7),
    chunk=st.sampled_from([None, 16, 50]),
    double=st.booleans(),
    seed=st.integers(0, 99),
)
def test_any_network_has_the_numbers_of_a_plain_loop(
    as_device: Any,
    levels: tuple[int, ...],
    n_cont: int,
    layers: tuple[int, ...],
    n_outputs: int,
    n_repeats: int,
    chunk: int | None,
    double: bool,
    seed: int,
) -> None:
    x, model = (
        rows(levels, n_cont, dtype=np.float64 if double else np.float32),
        Mixed(levels, n_cont, layers, 1, seed),
    )
    y, model = Y.astype(x[1].dtype), model.to(torch.float64 if double else torch.float32)
    ask = functools.partial(
        weigh, model, x, y, metric="mse", n_repeats=n_repeats, random_state=0, batch_size=chunk
    )
    here, there = ask(), as_device(ask)
    rtol, atol = (1e-9, 1e-11) if double else (1e-3, 1e-5)
    alike(here, there, rtol, atol)
    np.testing.assert_allclose(there.importances, by_hand(model, x, y, n_repeats), rtol, atol)
    assert there.device == "cpu, losses and sums too"
    assert here.device == ""


ASKED: dict[str, dict[str, Any]] = {
    "weights": {"sample_weight": np.random.default_rng(3).random(N)},
    "segments": {"by": np.arange(N) % 3, "metric": ["mae", "r2", "rmse"]},
    "both": {"by": np.arange(N) % 3, "metric": ["mse"], "sample_weight": np.random.default_rng(3).random(N)},
    "strata": {"within": np.arange(N) % 4},
    "many strata": {"within": np.arange(N) // 2 % 66 % 30},
    "groups": {"groups": {"one": FEATURES[:2], "two": FEATURES[2:5], "three": FEATURES[4:]}, "metric": "mse"},
    "prediction change": {"metric": "prediction_change"},
    "shuffles": {"n_repeats": 25, "metric": "mae"},
    "kept": {"keep_rows": True, "metric": "mse"},
    "torch loss": {"metric": nn.HuberLoss()},
    "function": {"metric": lambda y, pred: float(np.abs(y - pred).max()), "greater_is_better": False},
    "numpy": {"metric": "d2_absolute_error_score"},
    "given": {"given": "rest", "metric": "mse", "n_repeats": 5},
    "time": {"max_seconds": 60.0, "metric": "mse"},
}


@pytest.mark.parametrize("model", [Mixed(LEVELS, N_CONT, (9, 5), 1, 0), Opaque()], ids=["split", "opaque"])
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.slow
def test_whatever_is_asked_has_the_numbers_of_the_host(as_device: Any, model: nn.Module, asked: str) -> None:
    options = {"n_repeats": 3, "metric": "mse", **ASKED[asked]}
    ask = functools.partial(weigh, model, X, Y, random_state=0, **options)
    here, there = ask(), as_device(ask)
    alike(here, there)
    if asked == "kept":
        assert (here.kept.donors == there.kept.donors).all()
        np.testing.assert_allclose(here.kept.changes, there.kept.changes, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["log_loss", "accuracy", "error_rate", "roc_auc"])
def test_metrics_of_classes_have_the_numbers_of_the_host(as_device: Any, metric: str) -> None:
    model, classes = Mixed(LEVELS, N_CONT, (9,), 3, 0), CLASSES
    if metric == "roc_auc":
        model, classes = Mixed(LEVELS, N_CONT, (9,), 1, 0), CLASSES % 2
    ask = functools.partial(
        weigh, model, X, classes, metric=metric, outputs="logit", random_state=0, n_repeats=3
    )
    alike(ask(), as_device(ask))


@pytest.mark.slow
def test_shares_and_interactions_have_the_numbers_of_the_host(as_device: Any) -> None:
    model = Mixed(LEVELS, N_CONT, (9,), 1, 0)
    options = {"features": FEATURES[1:4], "random_state": 0, "n_repeats": 2}
    shares = functools.partial(weighin.shares, model, X, Y, metric="mse", **options)
    here, there = shares(), as_device(shares)
    np.testing.assert_allclose(here.importances, there.importances, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(here.se, there.se, rtol=1e-3, atol=1e-6)
    pairs = functools.partial(weighin.interactions, model, X, **options)
    one, other = pairs(), as_device(pairs)
    np.testing.assert_allclose(
        one.interaction_share.estimate, other.interaction_share.estimate, rtol=1e-3, atol=1e-6
    )
    np.testing.assert_allclose(one.interaction.se, other.interaction.se, rtol=1e-2, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"metric": "mse"}, "cpu, losses and sums too"),
        (
            {"metric": "median_absolute_error"},
            "cpu; losses and sums on the CPU: a metric needs all rows at once",
        ),
        pytest.param(
            {"metric": "mse", "given": "rest"},
            "cpu; losses and sums on the CPU: each feature is swapped in bins of its own",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_result_says_where_it_was_made(
    as_device: Any, tmp_path: Path, options: dict[str, Any], where: str
) -> None:
    model = Mixed(LEVELS, N_CONT, (9,), 1, 0)
    ask = functools.partial(
        weigh, model, X, Y, random_state=0, n_repeats=1, features=FEATURES[3:5], **options
    )
    imp = as_device(ask)
    assert imp.device == where
    assert ("Device", where) in imp.tell().made
    imp.save(tmp_path / "importance.json")
    assert Importance.load(tmp_path / "importance.json").device == where


class Waits(TorchDispatchMode):
    """Counts what a device would be waited for: numbers and arrays that are read, and shapes that depend on values."""

    # what counts values or gives as many as there are
    VALUES = (
        "_local_scalar_dense",
        "nonzero",
        "_unique2",
        "unique_dim",
        "masked_select",
        "equal",
        "is_nonzero",
    )

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()
        for name in ("cpu", "tolist"):
            monkeypatch.setattr(torch.Tensor, name, self._counted(name, getattr(torch.Tensor, name)))

    def _counted(self, name: str, method: Any) -> Any:
        def call(tensor: torch.Tensor, *args: Any) -> Any:
            self.seen[name] += 1
            return method(tensor, *args)

        return call

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        by_mask = name == "index" and any(i is not None and i.dtype == torch.bool for i in args[1])
        if name in self.VALUES or by_mask:
            self.seen[name] += 1
        return func(*args, **(kwargs or {}))


def waits(
    as_device: Any, monkeypatch: pytest.MonkeyPatch, n_cont: int, n_repeats: int, **options: Any
) -> Counter[str]:
    x = rows((2,), n_cont)[1]
    model = nn.Sequential(nn.Linear(n_cont, 9), nn.ReLU(), nn.Linear(9, 1))
    with monkeypatch.context() as patch, Waits(patch) as counter:
        as_device(lambda: weigh(model, x, Y, metric="mse", random_state=0, n_repeats=n_repeats, **options))
    return counter.seen


@pytest.mark.slow
def test_a_device_is_waited_for_a_few_times_whatever_the_features_and_shuffles(
    as_device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = waits(as_device, monkeypatch, 3, 5)
    assert waits(as_device, monkeypatch, 40, 5) == few
    assert waits(as_device, monkeypatch, 3, 30) == few
    assert 0 < sum(few.values()) <= 20
    # each metric and segment brings its sums home, in two pieces
    segments = waits(as_device, monkeypatch, 3, 5, by=np.arange(N) % 3)
    assert sum(segments.values()) - sum(few.values()) <= 2 * 3


@pytest.mark.slow
def test_a_module_is_waited_for_a_few_times_for_each_feature_whatever_the_shuffles(
    as_device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(n_repeats: int) -> Counter[str]:
        with monkeypatch.context() as patch, Waits(patch) as counter:
            as_device(lambda: weigh(Opaque(), X, Y, metric="mse", random_state=0, n_repeats=n_repeats))
        return counter.seen

    few = seen(3)
    assert seen(30) == few
    assert sum(few.values()) <= 20 + 4 * len(FEATURES)


def test_few_rows_of_a_module_go_through_it_in_few_calls(as_device: Any) -> None:
    """Features and shuffles share calls; one that ran out of memory is made again with half of its rows."""
    sizes: list[int] = []

    class Counting(Opaque):
        most = 10**9

        def forward(self, x_cat: torch.Tensor, x_cont: torch.Tensor) -> torch.Tensor:
            if len(x_cat) > self.most:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            sizes.append(len(x_cat))
            return super().forward(x_cat, x_cont)

    model = Counting()
    ask = functools.partial(weigh, model, X, Y, metric="mse", random_state=0, n_repeats=8)
    expected = as_device(ask)
    # 7 features, 8 shuffles: 8 calls of 7 swaps, one of rows as they are; and what is looked at before
    assert sum(size == 7 * N for size in sizes) == 9
    assert len(sizes) < 40
    Counting.most = 500
    alike(expected, as_device(ask))


def test_where_memory_runs_out_it_goes_on_with_smaller_calls(
    as_device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were predicted before are not predicted again."""
    model = Mixed(LEVELS, N_CONT, (9,), 1, 0)
    ask = functools.partial(weigh, model, X, Y, metric="mse", n_repeats=5, random_state=0, batch_size=200)
    finish, sizes = SplitView.finish, []

    def counted(self: SplitView, z: torch.Tensor) -> torch.Tensor:
        sizes.append(len(z))
        return finish(self, z)

    def scarce(self: SplitView, z: torch.Tensor) -> torch.Tensor:
        if len(sizes) > n_calls // 2 and len(z) > 100:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return counted(self, z)

    monkeypatch.setattr(SplitView, "finish", counted)
    expected, n_calls, n_rows = as_device(ask), len(sizes), sum(sizes)
    sizes.clear()
    monkeypatch.setattr(SplitView, "finish", scarce)
    alike(expected, as_device(ask))
    assert max(sizes[: n_calls // 2]) > 100
    assert max(sizes[n_calls // 2 + 1 :]) <= 100
    # of the call that failed, what came before it in the same rows
    assert sum(sizes) <= n_rows + 200 * len(FEATURES)


@pytest.mark.slow
@pytest.mark.parametrize("device", [False, True])
@pytest.mark.parametrize("middle", [[nn.ReLU()], [nn.GELU(), nn.LayerNorm(16)]], ids=["relu", "gelu"])
def test_half_precision_moves_importances_by_what_the_note_says(
    as_device: Any, middle: list[nn.Module], device: bool
) -> None:
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(4, 16), *middle, nn.Linear(16, 1)), rows((2,), 4)[1]
    y = model(torch.from_numpy(x)).detach().numpy()[:, 0] + 0.1 * Y
    ask = functools.partial(weigh, model, x, y, metric="mse", n_repeats=3, random_state=0)
    exact = ask()
    half = (as_device if device else lambda call: call())(functools.partial(ask, arithmetic="bfloat16"))
    moved = np.abs(half.importances_mean - exact.importances_mean).max() / exact.importances_mean.max()
    assert 0 < moved < 0.05
    (note,) = half.notes
    assert note == (
        f"Matrix products were made in bfloat16: on {N} rows that moves importances by up to {moved:.1%} of the "
        "largest."
    )
    assert exact.notes == ()
    # the model is as it was
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("model", "arithmetic", "error", "match"),
    [
        (nn.Linear(4, 1), "float8", weighin.InputError, "must be 'tf32', 'bfloat16' or None .*got 'float8'"),
        (nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)), "tf32", weighin.InputError, "'cpu'"),
        (lambda x: x[:, 0], "bfloat16", weighin.ModelError, "whose layers weighin reads one by one.*Leave"),
    ],
)
def test_arithmetic_that_cannot_be_is_refused(model: Any, arithmetic: str, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        weigh(model, X[1], Y, metric="mse", random_state=0, n_repeats=1, arithmetic=arithmetic)
