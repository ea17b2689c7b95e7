"""Torch modules: on a matrix, a frame, several tensors or keywords; left as they were found."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from sklearn.metrics import log_loss, mean_absolute_error
from torch import Tensor, nn

from swaps import engine, reference, singles
from weighin import InputError, MetricError, ModelError, weigh
from weighin._samplers import MarginalSampler
from weighin._tables.features import Feature

RNG = np.random.default_rng(0)
N = 90
X = RNG.normal(size=(N, 4))
Y = X[:, 0] - 2 * X[:, 1] + RNG.normal(size=N)
CLASSES = (Y > 0).astype(int) + (Y > 2)
CAT = np.stack([RNG.integers(0, 3, N), RNG.integers(0, 5, N)], 1)


def perceptron(n_outputs: int = 1, seed: int = 0, n_inputs: int = 4) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(n_inputs, 8), nn.ReLU(), nn.Linear(8, n_outputs)).double()


class Mixed(nn.Module):
    """Takes categories and numbers, by position or by keyword."""

    def __init__(self, n_outputs: int = 1) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.second = nn.Embedding(3, 2), nn.Embedding(5, 3)
        self.layers = perceptron(n_outputs, 1, 9)

    def forward(self, x_cat: Tensor, x_num: Tensor) -> Tensor:
        embedded = [self.first(x_cat[:, 0]), self.second(x_cat[:, 1])]
        return self.layers(torch.cat([*embedded, x_num], 1))


def mixed() -> Mixed:
    return Mixed().double()


def forward(module: nn.Module) -> Callable[..., np.ndarray]:
    def predict(*parts: np.ndarray) -> np.ndarray:
        was, training = module.training, [part.training for part in module.modules()]
        with torch.no_grad():
            out = module.eval()(*(torch.from_numpy(part) for part in parts)).numpy()
        for part, mode in zip(module.modules(), training, strict=True):
            part.training = mode
        assert module.training is was
        return out.reshape(len(out), -1)

    return predict


def by_hand(module: nn.Module, parts: list[np.ndarray], score: Callable[[np.ndarray], float]) -> np.ndarray:
    n_columns = sum(part.shape[1] for part in parts)
    donors = MarginalSampler(len(parts[0]), 3, 0)
    return reference(forward(module), parts, singles(n_columns), donors, score)[1]


def importances(module: Any, X: Any, y: Any = Y, metric: Any = None, **options: Any) -> np.ndarray:
    return weigh(module, X, y, metric=metric, n_repeats=3, random_state=0, **options).importances


def close(found: Any, expected: Any) -> None:
    # double precision; sums in another order
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


def mae(pred: np.ndarray) -> float:
    return float(abs(pred[:, 0] - Y).mean())


# what a module may take


FRAME = pd.DataFrame(X, columns=["a", "b", "c", "d"])


@pytest.mark.parametrize(
    "rows",
    [
        X,
        torch.tensor(X),
        torch.tensor(X, requires_grad=True),
        FRAME,
        FRAME.set_axis([7] * N),
        pl.from_pandas(FRAME),
        pa.Table.from_pandas(FRAME),
        np.asfortranarray(X),
        np.repeat(X, 2, 1)[:, ::2],
        X[::-1, ::-1].copy()[::-1, ::-1],
        np.frombuffer(X.tobytes()).reshape(X.shape),
        X.astype(">f8"),
        X.astype(np.longdouble),
        (X,),
        [torch.tensor(X)],
        (FRAME,),
        {"input": X},
    ],
    ids=[
        "array", "tensor", "gradient", "pandas", "odd index", "polars", "arrow", "Fortran", "strided", "backwards",
        "read-only", "other bytes", "long", "tuple", "list", "tuple of a frame", "dict",
    ],
)  # fmt: skip
def test_one_matrix_in_any_form(rows: Any) -> None:
    np.testing.assert_array_equal(importances(perceptron(), rows), importances(perceptron(), X))


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "int8", "uint8", "uint32", "bool"])
def test_numbers_of_any_dtype_become_those_of_the_module(dtype: str) -> None:
    rows = (X > 0).astype(dtype)
    np.testing.assert_array_equal(importances(perceptron(), rows), importances(perceptron(), (X > 0) * 1.0))
    close(importances(perceptron(), rows), by_hand(perceptron(), [(X > 0) * 1.0], mae))


def test_frames_of_mixed_dtypes() -> None:
    short = X[:, 2].astype("float32")
    frame = pd.DataFrame({"i": (X[:, 0] * 5).astype(int), "b": X[:, 1] > 0, "f": short, "n": X[:, 3]})
    nullable = frame.convert_dtypes()
    expected = by_hand(perceptron(), [frame.to_numpy(float)], mae)
    kept = frame.copy()
    for rows in (frame, nullable, pl.from_pandas(frame), pa.Table.from_pandas(frame)):
        imp = weigh(perceptron(), rows, Y, n_repeats=3, random_state=0)
        assert imp.features == ("i", "b", "f", "n")
        close(imp.importances, expected)
    pd.testing.assert_frame_equal(frame, kept)


@pytest.mark.parametrize(
    "rows",
    [
        (CAT, X),
        [torch.tensor(CAT), torch.tensor(X)],
        (torch.tensor(CAT, dtype=torch.int32), X),
        {"x_cat": CAT, "x_num": X},
        {"x_num": torch.tensor(X), "x_cat": torch.tensor(CAT)},
        (pd.DataFrame(CAT, columns=["home", "away"]), FRAME),
        {"x_num": pl.from_pandas(FRAME), "x_cat": CAT},
    ],
)
def test_several_inputs_by_position_and_by_keyword(rows: Any) -> None:
    found = importances(mixed(), rows)
    if isinstance(rows, dict) and next(iter(rows)) == "x_num":
        found = found[[4, 5, 0, 1, 2, 3]]
    close(found, by_hand(mixed(), [CAT, X], mae))


class Batch(nn.Module):
    """Takes all its inputs as one dict."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: dict[str, torch.Tensor], scale: float = 1.0) -> torch.Tensor:
        return self.network(batch["x_cat"], batch["x_num"]) * scale


def test_a_module_of_one_argument_gets_the_dict_itself() -> None:
    rows = {"x_cat": CAT, "x_num": X}
    assert weigh(Batch(mixed()), rows, Y, n_repeats=1).kernels == weigh(mixed(), rows, Y, n_repeats=1).kernels
    close(importances(Batch(mixed()), rows), by_hand(mixed(), [CAT, X], mae))


def test_names_a_module_does_not_take_are_its_own_error() -> None:
    with pytest.raises(TypeError, match="x_nums"):
        weigh(mixed(), {"x_cat": CAT, "x_nums": X}, Y)


def test_columns_of_several_inputs_have_names() -> None:
    assert weigh(mixed(), (CAT, X), Y).features == (
        "input0_0",
        "input0_1",
        *(f"input1_{j}" for j in range(4)),
    )
    assert weigh(mixed(), {"x_cat": CAT, "x_num": FRAME}, Y).features == (
        "x_cat_0",
        "x_cat_1",
        "a",
        "b",
        "c",
        "d",
    )
    assert weigh(perceptron(), X, Y).features == ("x0", "x1", "x2", "x3")


def test_categories_alone_stay_whole_numbers() -> None:
    module = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 1)).double()
    close(importances(module, (CAT,)), by_hand(module, [CAT], mae))


def test_a_group_reaches_across_inputs() -> None:
    groups = {"both": ["input0_1", "c"]}
    found = weigh(mixed(), (CAT, FRAME), Y, groups=groups, features=[], n_repeats=3, random_state=0)
    donors = MarginalSampler(N, 3, 0)
    close(found.importances, reference(forward(mixed()), [CAT, X], [Feature("both", (1, 4))], donors, mae)[1])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (None, "X is needed: torch Sequential brings no rows along"),
        (X[:, 0], r"X must have 2 dimensions \(rows, columns\), got shape \(90,\)"),
        (np.zeros((3, 2, 2)), r"got shape \(3, 2, 2\)"),
        ({}, "X is an empty dict"),
        ([], "must hold the module's inputs"),
        (X.tolist(), "must hold the module's inputs, each with 2 dimensions"),
        ((X, X[:5]), "All inputs must have the same rows, got 90, 5"),
        ((X, X[:, 0]), r"input1 must have 2 dimensions"),
        ((FRAME, FRAME), "Column names must be unique across the inputs; 'a' occurs more than once"),
        (X[:1], "at least 2 rows, got 1"),
        (X.astype(str), "takes numbers, got an array of <U"),
        (X.astype(object), "takes numbers, got an array of object"),
        (FRAME.assign(e="text"), "Numbers are needed, these columns hold something else: 'e'"),
        (FRAME.assign(b=np.nan), "Missing or infinite values in 'b'"),
        (np.where(X > 2, np.inf, X), "Missing or infinite values in 'x"),
        (FRAME.astype("Float64").where(X > 0), "object|Missing"),
    ],
)
def test_rows_that_cannot_be_used_are_said(rows: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        weigh(perceptron(), rows, Y)


# what a module may give


class Gives(nn.Module):
    def __init__(self, change: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.inner, self.change = perceptron(), change

    def forward(self, x: Tensor) -> Any:
        return self.change(self.inner(x))


@pytest.mark.parametrize(
    "change",
    [
        lambda out: out[:, 0],
        lambda out: out.squeeze(),
        lambda out: out[:, :, None],
        lambda out: out.contiguous() * 1,
    ],
    ids=["flat", "squeezed", "deep", "matrix"],
)
@pytest.mark.parametrize("batch_size", [None, 1, 89])  # 89 leaves one row alone
def test_one_output_in_any_shape(change: Callable[[Tensor], Any], batch_size: int | None) -> None:
    close(importances(Gives(change), X, batch_size=batch_size), by_hand(perceptron(), [X], mae))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda out: (out, out), "must give one tensor, got tuple"),
        (lambda out: {"logits": out}, "must give one tensor, got dict"),
        (lambda out: None, "must give one tensor, got NoneType"),
        (lambda out: out.sum(), "gave one number for 90 rows"),
        (lambda out: out[1:], "gave 89 predictions for 90 rows"),
        (lambda out: torch.cat([out, out]), "gave 180 predictions for 90 rows"),
        (lambda out: out * torch.nan, "90 of 90 predictions are not finite on the rows as they are"),
    ],
)
def test_outputs_that_cannot_be_used_are_said(change: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        weigh(Gives(change), X, Y)


def test_predictions_that_fail_after_a_swap_name_the_feature_and_count() -> None:
    class Root(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.sqrt(x[:, 0] - x[:, 1])

    rows = np.zeros((50, 3))
    rows[:5, :2] = 1.0
    with pytest.raises(ModelError, match=r"[1-5] of 50 predictions are not finite after swapping 'x0'"):
        weigh(Root(), rows, np.zeros(50), features=["x0"], n_repeats=1)


def test_more_levels_than_a_module_knows_are_told() -> None:
    class Levels(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Embedding(4, 1)

        def forward(self, x_cat: Tensor) -> Tensor:
            return self.inner(x_cat).sum((1, 2))

    x = {"x_cat": np.stack([np.arange(60) % 4, np.arange(60) % 6], 1)}
    message = (
        r"x_cat column 0: 0 to 3, x_cat column 1: 0 to 5; its embeddings have 4 levels, counted from 0\."
    )
    with pytest.raises(ModelError, match=message):
        weigh(Levels(), x, np.zeros(60))


def test_whole_numbers_are_predictions_too() -> None:
    found = importances(Gives(lambda out: (out > 0).long()), X)
    close(found, by_hand(Gives(lambda out: (out > 0).double()), [X], mae))
    close(importances(Gives(lambda out: out > 0), X), found)


def test_several_outputs() -> None:
    y = np.stack([Y, -Y], 1)
    found = importances(perceptron(2), X, y)
    close(found, by_hand(perceptron(2), [X], lambda p: float(abs(p - y).mean())))
    for form in (pd.DataFrame(y), torch.tensor(y), y.tolist()):
        np.testing.assert_array_equal(importances(perceptron(2), X, form), found)


@pytest.mark.parametrize(("n_outputs", "n_targets"), [(2, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("metric", ["mae", "mse", "rmse"])
def test_one_target_is_not_spread_over_several_outputs(n_outputs: int, n_targets: int, metric: str) -> None:
    with pytest.raises(MetricError, match=rf"{n_outputs} output\(s\) and y {n_targets} column\(s\)"):
        weigh(perceptron(n_outputs), X, X[:, :n_targets], metric=metric)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_modules_of_any_precision(dtype: torch.dtype) -> None:
    module, exact = perceptron().to(dtype), by_hand(perceptron(), [X], mae)
    found = importances(module, X)
    assert all(parameter.dtype == dtype for parameter in module.parameters())
    # weights, inputs and sums are each rounded to so many digits; importances here are about 1
    np.testing.assert_allclose(found, exact, atol=40 * torch.finfo(dtype).eps)

    def mean_absolute_error(y: Any, pred: Any) -> float:
        assert isinstance(pred, np.ndarray)
        return float(abs(y - pred).mean())

    both = weigh(module, X, Y, metric=[mean_absolute_error, "mae"], n_repeats=3, random_state=0)
    own, known = both.importances, both.of("mae").importances
    np.testing.assert_allclose(own, known, atol=40 * torch.finfo(dtype).eps)


# metrics


def test_a_target_of_numbers_has_its_mean_absolute_error() -> None:
    for y in (
        Y,
        Y.astype(np.float32),
        torch.tensor(Y),
        pd.Series(Y, index=range(N, 0, -1)),
        Y.tolist(),
        Y[:, None],
    ):
        assert weigh(perceptron(), X, y).metric == "mae"


def test_a_target_of_classes_has_its_log_loss() -> None:
    def score(pred: np.ndarray) -> float:
        shifted = np.exp(pred - pred.max(1, keepdims=True))
        return log_loss(CLASSES, shifted / shifted.sum(1, keepdims=True))

    expected = by_hand(perceptron(3), [X], score)
    for y in (CLASSES, CLASSES.astype(np.uint8), torch.tensor(CLASSES), pd.Series(CLASSES), CLASSES.tolist()):
        imp = weigh(perceptron(3), X, y, n_repeats=3, random_state=0)
        assert imp.metric == "log_loss"
        close(imp.importances, expected)
    close(importances(perceptron(3), X, CLASSES, "log_loss"), expected)
    close(importances(perceptron(3), X, CLASSES * 1.0, "log_loss"), expected)


def test_accuracy_of_the_largest_output() -> None:
    expected = by_hand(perceptron(3), [X], lambda p: -float((p.argmax(1) == CLASSES).mean()))
    close(importances(perceptron(3), X, CLASSES, "accuracy"), expected)
    close(importances(perceptron(3), X, CLASSES, "error_rate"), expected)


@pytest.mark.parametrize(
    ("n_outputs", "y", "metric", "message"),
    [
        (1, CLASSES, None, r"integers and the module has 1 output\(s\): name a metric \(mae, .*log_loss\)"),
        (2, CLASSES, None, r"integers and the module has 2 output\(s\)"),
        (3, CLASSES - 1, None, r"integers and the module has 3 output\(s\)"),
        (1, CLASSES > 0, "log_loss", r"two classes or more .* the module has 1 output\(s\)"),
        (2, CLASSES, "log_loss", "class numbers from 0 to 1 as y, got 2"),
        (3, CLASSES - 1, "log_loss", "class numbers from 0 to 2 as y, got -1"),
        (3, CLASSES + 0.5, "log_loss", r"class numbers from 0 to 2 as y, got [012]\.5"),
        (3, np.stack([CLASSES, CLASSES], 1), "log_loss", r"one column of class numbers; .* y 2 column\(s\)"),
        (1, CLASSES > 0, "accuracy", "look for the largest of several outputs, and the model has one"),
        (1, Y, "rmsee", r"Unknown metric 'rmsee'\. Did you mean 'rmse'\?"),
        (1, Y, 3, "metric must be a name, a scorer or a function"),
        (1, Y, lambda y, pred: 0.0, "weighin does not guess"),
    ],
)
def test_metrics_that_do_not_fit_are_said(n_outputs: int, y: Any, metric: Any, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        weigh(perceptron(n_outputs), X, y, metric=metric)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y[:5], "y must have 90 rows as X has, got 5"),
        (3.0, "y must have 90 rows as X has, got 3.0|y must have 90 rows"),
        ("margin", "y must hold numbers"),
        (["yes"] * N, r"y must hold numbers \(class numbers for a classifier\), got <U3"),
        (np.full(N, np.nan), r"y has 90 missing or infinite value\(s\)"),
        (None, "y is needed; only metric='prediction_change' does without a target"),
    ],
)
def test_targets_that_cannot_be_used_are_said(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        weigh(perceptron(), X, y)


def test_how_far_predictions_move_needs_no_target() -> None:
    base = forward(perceptron(2))(X)
    expected = by_hand(perceptron(2), [X], lambda p: float(abs(p - base).mean()))
    close(importances(perceptron(2), X, None, "prediction_change"), expected)


def test_the_users_own_metric_gets_arrays() -> None:
    def l1_loss(y: Any, pred: Any) -> float:
        assert isinstance(y, np.ndarray)
        assert y.shape == pred.shape == (len(y),)
        return mean_absolute_error(y, pred)

    both = weigh(perceptron(), X, Y, metric=[l1_loss, "mae"], n_repeats=3, random_state=0)
    close(both.importances, both.of("mae").importances)


# left as found


class Counting(nn.Module):
    """BatchNorm in the middle, a module that is frozen, one that is shared, hooks; may fail at a call."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm, self.drop = nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5)
        self.out = nn.Linear(6, 1)
        self.again = self.out
        self.error, self.calls = error, 0
        self.double()
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name != "first.weight")
        self.train()
        self.drop.eval()  # as users freeze parts
        self.norm.running_mean += 1.0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        if self.error is not None and self.calls > 3:
            raise self.error
        return self.again(self.drop(torch.relu(self.norm(self.first(x)))))


def snapshot(module: nn.Module) -> dict[str, Any]:
    kind, keys, *rest = np.random.get_state()
    return {
        "modes": [(name, part.training) for name, part in module.named_modules()],
        "modules": [id(part) for part in module.modules()],
        "parameters": [
            (id(p), p.data_ptr(), p.requires_grad, p.device, p.dtype) for p in module.parameters()
        ],
        "values": [tensor.tolist() for tensor in module.state_dict().values()],
        "gradients": [None if p.grad is None else (id(p.grad), p.grad.tolist()) for p in module.parameters()],
        "hooks": [
            (
                dict(part._forward_hooks),
                dict(part._forward_pre_hooks),
                dict(part._backward_hooks),
                dict(part._state_dict_hooks),
            )
            for part in module.modules()
        ],
        "attributes": [sorted(vars(part)) for part in module.modules()],
        "random": (random.getstate(), kind, keys.tolist(), rest, torch.get_rng_state().tolist()),
        "torch": (torch.get_num_threads(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
    }


def prepared(error: BaseException | None = None) -> tuple[Counting, list[int]]:
    module, seen = Counting(error), list[int]()
    module.train()(torch.tensor(X)).sum().backward()
    module.calls = 0
    module.drop.eval()
    module.norm.register_forward_hook(lambda part, given, out: seen.append(len(out)))
    module.out.register_forward_pre_hook(lambda part, given: None)
    return module, seen


@pytest.mark.parametrize("device", [None, "cpu"])
@pytest.mark.parametrize("metric", ["mae", mean_absolute_error])
def test_a_module_comes_back_as_it_was(metric: Any, device: str | None) -> None:
    module, _ = prepared()
    before = snapshot(module)
    imp = weigh(module, X, Y, metric=metric, random_state=0, device=device)
    assert snapshot(module) == before
    assert imp.notes == ()
    module(torch.tensor(X)).sum().backward()  # and can be trained on


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_also_after_an_exception_or_ctrl_c(error: BaseException) -> None:
    module, _ = prepared(error)
    before = snapshot(module)
    with pytest.raises(type(error)):
        weigh(module, X, Y, random_state=0)
    module_after = snapshot(module)
    assert module_after == before


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_also_when_the_metric_fails(error: BaseException) -> None:
    module, _ = prepared()
    before = snapshot(module)

    def metric(y: Any, pred: Any) -> float:
        raise error

    with pytest.raises(type(error)):
        weigh(module, X, Y, metric=metric, greater_is_better=True)
    assert snapshot(module) == before


def test_hooks_of_the_user_count() -> None:
    """A hook that changes an output is part of the model."""
    module, twin = perceptron(), perceptron()
    module[0].register_forward_hook(
        lambda part, given, out: out * torch.tensor([0.0] * 4 + [2.0] * 4).double()
    )
    with torch.no_grad():
        twin[0].weight *= torch.tensor([0.0] * 4 + [2.0] * 4).double()[:, None]
        twin[0].bias *= torch.tensor([0.0] * 4 + [2.0] * 4).double()
    close(importances(module, X), by_hand(twin, [X], mae))


def test_modules_left_in_training_mode_predict_as_when_evaluated() -> None:
    module = nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 1)
    ).double()
    module.train()(torch.tensor(X) * 3 + 1)
    found = importances(module, X)
    assert module.training
    np.testing.assert_array_equal(found, importances(module.eval(), X))
    np.testing.assert_array_equal(found, importances(module.train(), X))
    close(found, by_hand(module, [X], mae))


def test_inference_tensors_and_grad_mode_of_the_caller() -> None:
    expected = importances(perceptron(), X)
    for mode in (torch.no_grad, torch.inference_mode, torch.enable_grad):
        module = perceptron()
        with mode():
            np.testing.assert_array_equal(importances(module, X), expected)


def test_one_output_of_a_module_without_parameters() -> None:
    class Sum(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[:, 0] - 2 * x[:, 1]

    imp = weigh(Sum(), X, Y, random_state=0)
    np.testing.assert_array_equal(imp.importances[2:], 0.0)
    # it predicts in single precision: predictions near 1 are off by up to 1e-7
    exact = weigh(lambda x: x[:, 0] - 2 * x[:, 1], X, Y, random_state=0)
    np.testing.assert_allclose(imp.importances, exact.importances, atol=1e-6)


def test_a_constant_column_is_exactly_zero() -> None:
    rows = X.copy()
    rows[:, 1] = 3.0
    assert not importances(perceptron(), rows)[1].any()
    cat = CAT.copy()
    cat[:, 0] = 2
    assert not importances(mixed(), (cat, X))[0].any()


@pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")
def test_a_scripted_module() -> None:
    module = perceptron()
    scripted = torch.jit.trace(module, torch.tensor(X))
    close(importances(scripted, X), by_hand(module, [X], mae))


def test_a_module_in_parts_of_its_own_kind() -> None:
    class Deep(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(torch.tanh(x))

    torch.manual_seed(0)
    module = Deep(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)).double()
    close(importances(module, X), by_hand(module, [X], mae))


def test_batches_and_threads_do_not_change_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    from weighin._engine import plan as _plan

    monkeypatch.setattr(_plan, "THREADS_FROM", 0)
    expected = engine(mixed(), (CAT, X), Y, fast=False).change
    for batch_size in (None, 1, 7, 64):
        for n_jobs in (1, 2, 3):
            for fast in (True, False):
                found = engine(mixed(), (CAT, X), Y, chunk_rows=batch_size, n_jobs=n_jobs, fast=fast).change
                close(found, engine(mixed(), (CAT, X), Y, "mse").change)
                close(found, expected)
