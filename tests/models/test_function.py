"""Functions from a table to predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from swaps import engine
from weighin import InputError, MetricError, ModelError, weigh

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = X @ [1.0, 2.0, 0.0] + RNG.normal(size=80)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])


def by_name(frame: Any) -> Any:
    return np.asarray(frame["a"]) * np.asarray(frame["b"])


def by_position(x: Any) -> Any:
    return x[:, 0] * x[:, 1]


def numbers(model: Any, X: Any, y: Any = Y, **options: Any) -> list[list[float]]:
    return weigh(model, X, y, **{"n_repeats": 10, "random_state": 0, **options}).importances.tolist()


def test_every_kind_of_table_gives_identical_numbers() -> None:
    expected = numbers(by_position, X)
    for table in (FRAME, pl.from_pandas(FRAME), pa.Table.from_pandas(FRAME)):
        assert numbers(by_name, table) == expected


def test_names_come_from_the_table_or_count_its_columns() -> None:
    assert weigh(by_position, X, Y).features == ("x0", "x1", "x2")
    assert weigh(by_name, FRAME, Y).features == ("a", "b", "c")


@pytest.mark.parametrize(
    "table",
    [X, FRAME, pl.from_pandas(FRAME), pa.Table.from_pandas(FRAME), torch.tensor(X)],
    ids=lambda t: type(t),
)
def test_a_function_gets_rows_in_the_form_they_were_given(table: Any) -> None:
    seen = set()

    def simple(rows: Any) -> Any:
        seen.add(type(rows))
        return np.zeros(len(rows))

    weigh(simple, table, Y)
    assert seen == {type(table)}


def test_dtypes_of_columns_stay() -> None:
    frame = pd.DataFrame(
        {
            "text": ["a", "b", None, "d"] * 5,
            "kind": pd.Categorical(["u", "v", "v", None] * 5, categories=["v", "u", "w"]),
            "small": np.arange(20, dtype=np.int8),
            "holes": pd.array([1, None, 3, 4] * 5, dtype="Int64"),
            "when": pd.date_range("2021-09-01", periods=20, tz="UTC"),
            "mixed": [1, "one", 1.0, True] * 5,
            "lists": [[1], [2, 3], None, []] * 5,
            "flag": [True, False] * 10,
        }
    )
    kept = frame.copy(deep=True)

    def predict(rows: pd.DataFrame) -> Any:
        assert (rows.dtypes == kept.dtypes).all()
        assert rows["kind"].cat.categories.tolist() == ["v", "u", "w"]
        return [len(str(value)) for value in rows["mixed"]]

    imp = weigh(predict, frame, np.arange(20.0), random_state=0)
    unused = [name != "mixed" for name in imp.features]
    assert not imp.importances[unused].any()
    assert imp.importances[imp.features.index("mixed")].any()
    pd.testing.assert_frame_equal(frame, kept)


def test_equal_values_of_other_types_are_not_the_same() -> None:
    """1, 1.0 and True are equal and hash alike; a function may tell them apart."""
    values = np.array([1, 1.0, True, "1"] * 10, dtype=object)
    frame = pd.DataFrame({"a": values})

    def by_type(rows: Any) -> Any:
        cells = rows["a"] if isinstance(rows, pd.DataFrame) else rows[:, 0]
        return [("int", "float", "bool", "str").index(type(value).__name__) for value in cells]

    y = np.array(by_type(frame), dtype=float)
    for table in (frame, values[:, None]):
        imp = weigh(by_type, table, y, random_state=0, n_repeats=6, metric="mse")
        assert imp.baseline == 0
        told_apart = weigh(lambda x: x[:, 0], y[:, None], y, random_state=0, n_repeats=6, metric="mse")
        np.testing.assert_array_equal(imp.importances, told_apart.importances)


def test_missing_is_not_the_same_as_not_a_number() -> None:
    values = [1.0, None, float("nan"), 2.0] * 10
    frame = pl.DataFrame({"a": pl.Series(values, dtype=pl.Float64, strict=False)})

    def predict(rows: pl.DataFrame) -> Any:
        return rows.select(
            pl.col("a").is_null().cast(float) + 2 * pl.col("a").is_nan().fill_null(False)
        ).to_numpy()

    y = predict(frame)[:, 0]
    assert set(y) == {0.0, 1.0, 2.0}
    assert (weigh(predict, frame, y, metric="mse", random_state=0).importances > 0).all()


@pytest.mark.parametrize(
    "change",
    {
        "duplicate index": lambda f: f.set_axis([3] * len(f)),
        "text index": lambda f: f.set_axis([f"g{i % 7}" for i in range(len(f))]),
        "multi index": lambda f: f.set_axis(pd.MultiIndex.from_product([range(8), range(10)])),
        "descending index": lambda f: f.set_axis(range(len(f), 0, -1)),
        "index named like a column": lambda f: f.set_axis(pd.Index(range(len(f)), name="a")),
        "rows picked": lambda f: pd.concat([f, f]).iloc[: len(f)],
    }.items(),
    ids=lambda pair: pair[0],
)
def test_the_index_plays_no_part(change: tuple[str, Callable[[Any], Any]]) -> None:
    assert numbers(by_name, change[1](FRAME)) == numbers(by_name, FRAME)


@pytest.mark.parametrize(
    "form",
    {
        "list": lambda p: p.tolist(),
        "column": lambda p: p[:, None],
        "float32": lambda p: p.astype(np.float32),
        "series": lambda p: pd.Series(p, index=range(len(p), 0, -1)),
        "frame": lambda p: pd.DataFrame({"p": p}),
        "polars": lambda p: pl.Series(p),
        "arrow": lambda p: pa.chunked_array([p]),
        "tensor": lambda p: torch.tensor(p),
        "tensor with a gradient": lambda p: torch.tensor(p, requires_grad=True),
        "column with a gradient": lambda p: torch.tensor(p, requires_grad=True)[:, None] * 1,
        "squeezed": lambda p: np.squeeze(p[:, None]),
        "read-only": lambda p: np.broadcast_to(p, (1, len(p)))[0],
    }.items(),
    ids=lambda pair: pair[0],
)
def test_predictions_may_come_in_any_form(form: tuple[str, Callable[[Any], Any]]) -> None:
    for batch_size in (None, 1, 79):  # 79 leaves a batch of one row
        found = numbers(lambda x: form[1](by_position(x)), X, batch_size=batch_size)
        # single precision rounds predictions of about 1
        tolerance = 1e-6 if form[0] == "float32" else 1e-12
        np.testing.assert_allclose(found, numbers(by_position, X), atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16])
def test_whole_numbers_are_predictions_too(dtype: Any) -> None:
    found = numbers(lambda x: (x[:, 0] > 0).astype(dtype), X)
    assert found == numbers(lambda x: (x[:, 0] > 0) * 1.0, X)


@pytest.mark.parametrize(
    ("pred", "message"),
    [
        (lambda x: np.array(["a"] * len(x)), "must give numbers of shape .*, got <U1 of shape"),
        (lambda x: np.zeros((len(x), 2, 2)), r"got float64 of shape \(80, 2, 2\)"),
        (lambda x: 3.0, r"got float64 of shape \(\)"),
        (lambda x: None, r"got object of shape \(\)"),
        (lambda x: np.zeros(len(x), dtype=complex), "got complex128"),
        (lambda x: np.zeros(7), "gave 7 predictions for 80 rows"),
    ],
)
def test_predictions_of_another_form_are_named(pred: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        weigh(pred, X, Y)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (X[:, 0], r"got ndarray of shape \(80,\)"),
        (np.zeros((4, 3, 2)), r"got ndarray of shape \(4, 3, 2\)"),
        (3, r"X must be a table: a data frame .*; got int\."),
        (X[:1], "at least 2 rows, got 1"),
        (X[:, :0], "X has no columns"),
        (FRAME[[]], "X has no columns"),
        (FRAME.set_axis(["a", "a", "b"], axis=1), "more than once: 'a'"),
    ],
)
def test_what_is_no_table_is_said(table: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        weigh(by_position, table, Y[: len(table)] if hasattr(table, "__len__") else Y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y[:5], "y must have 80 rows as X has, got 5"),
        (Y.astype(str), "y must hold numbers, got <U"),
        (np.array(["a"] * 80, dtype=object), "y must hold numbers, got object"),
        (np.full(80, np.nan), r"y has 80 missing or infinite value\(s\)"),
        (np.r_[Y[:79], np.inf], r"y has 1 missing or infinite value\(s\)"),
        (pd.array([1, None] * 40, dtype="Int64"), "y must hold numbers|y has 40 missing"),
        (3.0, "y must hold a value for each of the 80 rows, got 3.0"),
        ("b", "y='b' names a column, and there is none of that name: X has no column names"),
        (pd.date_range("2021-01-01", periods=80), "y must hold numbers, got datetime64"),
    ],
)
def test_a_target_that_cannot_be_used_is_said(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        weigh(by_position, X, y)


@pytest.mark.parametrize(
    "form",
    [
        list,
        pd.Series,
        pl.Series,
        lambda y: pa.chunked_array([y]),
        torch.tensor,
        lambda y: y[:, None],
        lambda y: y.astype(object),
        lambda y: pd.Series(y, index=range(80, 0, -1), dtype=object),
        lambda y: pd.DataFrame({"y": y}),
        lambda y: torch.tensor(y, requires_grad=True),
    ],
)
def test_a_target_may_come_in_any_form(form: Callable[[Any], Any]) -> None:
    assert numbers(by_position, X, form(Y)) == numbers(by_position, X, Y)


def test_a_target_in_less_precision_is_what_it_is() -> None:
    short = Y.astype(np.float32)
    assert numbers(by_position, X, short) == numbers(by_position, X, short.astype(np.float64))


def test_outputs_and_targets_are_compared_one_by_one() -> None:
    two = np.stack([Y, -Y], 1)
    found = numbers(lambda x: np.stack([by_position(x), x[:, 2]], 1), X, two, metric="mse")
    one, other = (
        numbers(by_position, X, two[:, 0], metric="mse"),
        numbers(lambda x: x[:, 2], X, two[:, 1], metric="mse"),
    )
    np.testing.assert_allclose(found, (np.array(one) + other) / 2, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("metric", ["mae", "mse", "rmse"])
@pytest.mark.parametrize(("n_outputs", "n_targets"), [(2, 1), (1, 2), (3, 2)])
def test_one_target_is_not_spread_over_several_outputs(metric: str, n_outputs: int, n_targets: int) -> None:
    with pytest.raises(MetricError, match=rf"{n_outputs} output\(s\) and y {n_targets} column\(s\)"):
        weigh(lambda x: x[:, :n_outputs], X, X[:, :n_targets], metric=metric)


@pytest.mark.parametrize("metric", ["accuracy", "error_rate"])
def test_one_output_is_not_taken_for_a_class(metric: str) -> None:
    with pytest.raises(MetricError, match="a 0/1 target, and its outputs go beyond 0 and 1"):
        weigh(by_position, X, (Y > 0).astype(int), metric=metric)


def test_accuracy_of_scores_per_class() -> None:
    y = (Y > 0).astype(int)
    imp = weigh(lambda x: np.stack([-x[:, 1], x[:, 1]], 1), X, y, metric="accuracy", random_state=0)
    assert imp.baseline == pytest.approx(np.mean((X[:, 1] > 0) == y), rel=1e-12)
    assert imp.greater_is_better
    assert imp.importances[1].mean() > 0


def test_metrics_by_default_by_name_and_written_by_the_user() -> None:
    assert weigh(by_position, X, Y).metric == "mae"

    def worst(y: Any, pred: Any) -> float:
        assert y.shape == pred.shape == (80,)
        return float(abs(y - pred).max())

    imp = weigh(by_position, X, Y, metric=worst, greater_is_better=False)
    assert imp.baseline == pytest.approx(abs(Y - by_position(X)).max(), rel=1e-12)
    with pytest.raises(MetricError, match=r"Unknown metric 'rmsee'\. Did you mean 'rmse'\?"):
        weigh(by_position, X, Y, metric="rmsee")
    with pytest.raises(MetricError, match="metric must be a name, a scorer or a function"):
        weigh(by_position, X, Y, metric=3)
    with pytest.raises(MetricError, match="weighin does not guess"):
        weigh(by_position, X, Y, metric=worst)


def test_how_far_predictions_move_needs_no_target() -> None:
    imp = weigh(by_position, X, metric="prediction_change", random_state=0)
    assert imp.baseline == 0
    assert (imp.importances[:2] > 0).all()
    assert not imp.importances[2].any()
    with pytest.raises(InputError, match="needs a target"):
        weigh(by_position, X)


@pytest.mark.parametrize(
    "change",
    {
        "read-only": lambda x: np.frombuffer(x.tobytes()).reshape(x.shape),
        "Fortran": np.asfortranarray,
        "every second column": lambda x: np.repeat(x, 2, 1)[:, ::2],
        "backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
        "list": lambda x: x.tolist(),
        "spread": lambda x: np.pad(x, ((0, 5), (0, 2)))[:80, :3],
        "other order of bytes": lambda x: x.astype(">f8"),
    }.items(),
    ids=lambda pair: pair[0],
)
def test_the_memory_of_an_array_plays_no_part(change: tuple[str, Callable[[Any], Any]]) -> None:
    assert numbers(by_position, change[1](X)) == numbers(by_position, X)


def test_a_broadcast_column_is_constant_and_stays() -> None:
    x = np.column_stack([X[:, 0], np.broadcast_to(np.float64(2.0), 80)])
    fixed = np.broadcast_to(x[0], (80, 2))
    assert not weigh(by_position, fixed, Y, random_state=0).importances.any()


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2, 3, -1])
@pytest.mark.parametrize("noisy", [False, True])
def test_jobs_and_batches_do_not_change_the_numbers(n_jobs: int, noisy: bool) -> None:
    def predict(x: Any) -> Any:
        return by_position(x) * (1 + 4e-16 * (len(x) % 2) * noisy)  # then rows go in stacks

    x = np.random.default_rng(1).normal(size=(3000, 3)).round(1)
    expected = engine(predict, x, x[:, 1], n_repeats=2).change
    for batch_size in (None, 100, 7001):
        found = engine(predict, x, x[:, 1], n_repeats=2, n_jobs=n_jobs, chunk_rows=batch_size).change
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_the_frame_is_left_alone_whatever_the_function_does() -> None:
    frame, kept = FRAME.copy(), FRAME.copy()

    def vandal(rows: pd.DataFrame) -> Any:
        out = by_name(rows)
        rows.loc[:, "a"] = 0.0
        del rows["b"]
        rows.index = range(7, 7 + len(rows))
        return out

    np.testing.assert_allclose(numbers(vandal, frame), numbers(by_name, FRAME), rtol=1e-12)
    pd.testing.assert_frame_equal(frame, kept)
    array = X.copy()

    def overwrites(rows: Any) -> Any:
        out = by_position(rows)
        rows[:] = 0
        return out

    np.testing.assert_allclose(numbers(overwrites, array), numbers(by_position, X), rtol=1e-12)
    np.testing.assert_array_equal(array, X)


def test_a_function_that_calls_torch_keeps_its_threads() -> None:
    seen = set()

    def predict(x: Any) -> Any:
        seen.add(torch.get_num_threads())
        return by_position(x)

    torch.set_num_threads(3)
    try:
        weigh(predict, X, Y, random_state=0)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(1)
    assert seen == {3}
