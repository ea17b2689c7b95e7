"""Models that take long for every call: few calls, each counted, and the numbers of any other model."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import weighin
from swaps import engine
from weighin._engine import probe as _probe
from weighin._samplers import MarginalSampler

N, P = 500, 6
FEATURES = tuple(f"x{j}" for j in range(P))
X = np.random.default_rng(0).normal(size=(N, P))
X[:, 5] = X[:, 5] > 0
Y = X[:, 0] + 0.5 * X[:, 1] * X[:, 2] + X[:, 5]


def formula(x: np.ndarray) -> np.ndarray:
    return np.asarray(X_of(x)[:, 0] + 0.5 * X_of(x)[:, 1] * X_of(x)[:, 2] + 0.1 * np.sin(X_of(x)[:, 3]))


def X_of(x: Any) -> np.ndarray:
    return np.asarray(x, dtype=np.float64)


class Slow:
    """A function, and a clock that every call and every row of it moves on."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        of_call: float = 0.6,
        of_row: float = 2e-5,
        function: Callable[[Any], Any] = formula,
    ) -> None:
        self.of_call, self.of_row, self.function = of_call, of_row, function
        self.now, self.calls = time.monotonic(), list[int]()
        self.start = self.now
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def __call__(self, x: Any) -> Any:
        self.calls.append(len(x))
        self.now += self.of_call + self.of_row * len(x)
        return self.function(x)

    @property
    def seconds(self) -> float:
        return self.now - self.start


def test_six_features_take_seven_calls_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Slow(monkeypatch)
    slow = weighin.weigh(model, X, Y, metric="mse", n_repeats=1, random_state=0)
    assert len(model.calls) <= 7
    fast = weighin.weigh(formula, X, Y, metric="mse", n_repeats=1, random_state=0)
    np.testing.assert_allclose(slow.importances, fast.importances, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(slow.importances[4], 0.0)
    assert slow.kernels == fast.kernels
    assert slow.notes == ()


def test_ten_seconds_are_enough_for_all_features(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Slow(monkeypatch)
    imp = weighin.weigh(model, X, Y, metric="mse", n_repeats=1, max_seconds=10, random_state=0)
    assert (imp.features, imp.n_rows, imp.complete, imp.notes) == (FEATURES, N, True, ())
    assert np.isfinite(np.concatenate(imp.interval())).all()
    assert len(model.calls) <= 7
    assert model.seconds < 10


def test_rows_that_are_given_what_they_have_are_not_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Slow(monkeypatch)
    weighin.weigh(model, X, Y, metric="mse", features=["x5"], n_repeats=20, random_state=0)
    # a few rows, all of them twice, and each as it is and with the other of the two values
    assert sum(model.calls) <= 257 + 85 + 2 * N + 2 * N


@pytest.mark.parametrize(
    ("ask", "most"),
    [
        (lambda model: weighin.weigh(model, X, Y, metric="mse", random_state=0), 8),
        (lambda model: weighin.weigh(model, X, Y, metric="mse", precision=0.1, random_state=0), 8),
        (lambda model: weighin.weigh(model, X, Y, metric="r2", n_repeats=2, random_state=0), 7),
        (lambda model: weighin.weigh(model, X, Y > 0, metric="roc_auc", n_repeats=2, random_state=0), 8),
        (lambda model: weighin.shares(model, X, Y, metric="mse", n_repeats=2, random_state=0), 7),
        (lambda model: weighin.effects(model, X, random_state=0), 4 + 2 * P),
        (lambda model: weighin.interactions(model, X, random_state=0), 14),
    ],
    ids=["auto", "precision", "r2", "auc", "shares", "effects", "interactions"],
)
def test_calls_of_everything_else_are_few(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[Any], Any], most: int
) -> None:
    model = Slow(monkeypatch)
    ask(model)
    assert len(model.calls) <= most


def test_rows_that_cost_much_are_not_predicted_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Slow(monkeypatch, 0.02, 0.001)
    weighin.weigh(model, X, Y, metric="mse", n_repeats=5, features=FEATURES[:5], random_state=0)
    assert sum(model.calls) <= 257 + 85 + 3 * N + 5 * 5 * N
    # Ctrl-C waits no longer than for one
    assert max(model.calls) <= 2000


@pytest.mark.parametrize("max_seconds", [4, 20])
@pytest.mark.parametrize(("of_call", "of_row"), [(0.6, 2e-5), (0.02, 1e-3), (0.3, 1e-4)])
def test_time_allowed_is_kept_and_all_features_have_an_interval(
    monkeypatch: pytest.MonkeyPatch, of_call: float, of_row: float, max_seconds: float
) -> None:
    model = Slow(monkeypatch, of_call, of_row)
    x = np.tile(X, (20, 1))
    imp = weighin.weigh(
        model, x, formula(x), metric="mse", n_repeats=2, max_seconds=max_seconds, random_state=0
    )
    assert imp.features == FEATURES
    assert imp.complete
    assert np.isfinite(np.concatenate(imp.interval())).all()
    assert model.seconds <= max_seconds + of_call + of_row * max(model.calls)
    # what is there is used: precision grows as long as there is time
    assert imp.n_rows == len(x) or model.seconds > max_seconds / 2


def test_a_first_call_that_loads_what_is_needed_does_not_make_a_model_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = Slow(monkeypatch, 3.0, 0.0)

    def loading(x: np.ndarray) -> np.ndarray:
        model.of_call = 0.0
        return formula(x)

    model.function = loading
    weighin.weigh(model, X, Y, metric="mse", n_repeats=1, random_state=0)
    assert max(model.calls) == N


def in_company(x: np.ndarray) -> Any:
    """One row that is beyond all others moves them all."""
    return formula(x) * (2.0 if (X_of(x)[:, 0] > 8).any() else 1.0)


def sorted_first(x: np.ndarray) -> Any:
    """Adds what the row before has."""
    return formula(x) + np.roll(X_of(x)[:, 4], 1)


@pytest.mark.parametrize("function", [in_company, sorted_first])
def test_rows_that_have_a_say_in_others_are_found_out(
    monkeypatch: pytest.MonkeyPatch, function: Callable[[Any], Any]
) -> None:
    x = np.tile(X, (4, 1))
    x[-1, 0] = 9.0
    ask = {"donors": MarginalSampler(len(x), 2, 0, 300), "chunk_rows": 150}
    fast = engine(function, x, x[:, 0], **ask)
    slow = engine(Slow(monkeypatch, function=function), x, x[:, 0], **ask)
    assert fast.why_at_once
    assert slow.why_at_once
    np.testing.assert_allclose(slow.change, fast.change, rtol=1e-9, atol=1e-12)


def test_a_model_that_does_not_repeat_itself_is_told_from_one_whose_rows_are_not_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    slow = engine(Slow(monkeypatch, function=lambda x: formula(x) + 0.1 * rng.normal(size=len(x))), X, Y)
    assert slow.noise > 0
    assert slow.batch_dependence == 0


def test_what_other_shapes_of_a_product_round_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Single precision, in an order of summation that goes by the number of rows."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(P, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)).requires_grad_(
        False
    )
    net[0].weight[:, 4] = 0.0

    def predict(x: np.ndarray) -> np.ndarray:
        odd = np.float32(1 + 2e-7 * (len(x) % 3))
        return np.asarray(net(torch.from_numpy(np.asarray(x, np.float32))).numpy()[:, 0] * odd)

    imp = weighin.weigh(Slow(monkeypatch, function=predict), X, Y, metric="mse", n_repeats=5, random_state=0)
    assert (imp["x4"].importance, imp["x4"].se) == (0.0, 0.0)
    assert imp["x0"].importance != 0


def test_groups_that_share_columns_and_frames_of_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame(X, columns=list(FEATURES)).assign(kind=np.where(X[:, 0] > 0, "a", "b"))

    def predict(rows: pd.DataFrame) -> np.ndarray:
        return np.asarray(rows.x0 * rows.x1 + (rows.kind == "a"), dtype=float)

    ask = {"metric": "mse", "n_repeats": 3, "groups": {"both": ["x0", "kind"]}, "random_state": 0}
    fast = weighin.weigh(predict, frame, Y, **ask)
    slow = weighin.weigh(Slow(monkeypatch, function=predict), frame, Y, **ask)
    np.testing.assert_allclose(slow.importances, fast.importances, rtol=1e-12, atol=1e-15)


def test_a_model_that_writes_into_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    def predict(x: np.ndarray) -> np.ndarray:
        pred = formula(x)
        x[:] = 0.0
        return pred

    slow = weighin.weigh(
        Slow(monkeypatch, function=predict), X.copy(), Y, metric="mse", n_repeats=2, random_state=0
    )
    fast = weighin.weigh(formula, X, Y, metric="mse", n_repeats=2, random_state=0)
    np.testing.assert_allclose(slow.importances, fast.importances, rtol=1e-12, atol=1e-15)


def test_memory_that_runs_out_halves_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    def predict(x: np.ndarray) -> np.ndarray:
        if len(x) > 700:
            raise MemoryError
        return formula(x)

    model = Slow(monkeypatch, function=predict)
    slow = weighin.weigh(model, X, Y, metric="mse", n_repeats=2, random_state=0)
    fast = weighin.weigh(formula, X, Y, metric="mse", n_repeats=2, random_state=0)
    np.testing.assert_allclose(slow.importances, fast.importances, rtol=1e-12, atol=1e-15)


def test_memory_that_runs_out_in_the_look_at_how_slow_a_fast_model_is() -> None:
    def predict(x: np.ndarray) -> np.ndarray:
        if len(x) > 40:
            raise MemoryError
        return formula(x)

    imp = weighin.weigh(predict, X, Y, metric="mse", n_repeats=2, max_seconds=60, random_state=0)
    assert (imp.features, imp.n_rows, imp.complete) == (FEATURES, N, True)


def test_ctrl_c_keeps_the_features_that_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Slow(monkeypatch, 0.02, 0.004)
    whole = weighin.weigh(formula, X, Y, metric="mse", n_repeats=2, random_state=0)

    def predict(x: np.ndarray) -> np.ndarray:
        if len(model.calls) > 9:
            raise KeyboardInterrupt
        return formula(x)

    model.function = predict
    with pytest.raises(weighin.Interrupted) as caught:
        weighin.weigh(model, X, Y, metric="mse", n_repeats=2, random_state=0)
    part = caught.value.result
    assert 0 < len(part.features) < P
    np.testing.assert_allclose(part.importances, whole.importances[: len(part.features)], rtol=1e-12)


def test_probes_are_two_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Slow(monkeypatch)
    found = _probe.probe(
        lambda rows: model(rows.parts[0])[:, None],
        weighin._models.as_model(model).encode(X, Y, "raise", True).rows,
    )
    assert found.pace is not None
    assert len(model.calls) == 2


@pytest.mark.slow
def test_the_page_says_what_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "guides" / "slow-models.md").read_text(encoding="utf-8")
    namespace: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "slow-models.md", "exec"), namespace)
        printed = capsys.readouterr().out.splitlines()
        said = [line.partition("# ")[2] for line in block.splitlines() if line.startswith("print(")]
        assert printed == said
