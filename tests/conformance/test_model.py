"""What every adapter owes the engine, the metrics and the effects: the rules of the `Model` protocol."""

from __future__ import annotations

import copy
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from kinds_of_models import CASES, HEAVY
from toy_models import Stumps, StumpsModel

from weighin import weigh
from weighin._metrics import Metric, as_numpy, resolve_metric
from weighin._models import Encoded, Model, Outputs, as_model


@dataclass(frozen=True)
class Case:
    """An adapted model, a table for it, its target, and the model as its user has it."""

    model: Model
    X: Any
    y: Any
    own: Any

    def encode(self, with_target: bool = True) -> Encoded:
        return self.model.encode(self.X, self.y if with_target else None, "raise", with_target)

    def predict(self, rows: Any, response: str = "predict") -> np.ndarray:
        with self.model.predicting():
            pred = self.model.predict(rows, response)
            assert pred.ndim == 2
            assert len(pred) == rows.n_rows
            return as_numpy(pred)

    @property
    def responses(self) -> list[str]:
        methods = ["predict", "predict_proba", "decision_function"]
        return [method for method in methods if method == "predict" or hasattr(self.own, method)]


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.slow if name in HEAVY else ()) for name in CASES]
)
def case(request: pytest.FixtureRequest, toy_installed: None) -> Case:
    own, table, y = CASES[request.param](request)
    return Case(as_model(own), table, y, own)


def test_the_toy_is_read_by_its_own_adapter(toy_installed: None) -> None:
    assert isinstance(as_model(Stumps([1.0])), StumpsModel)


def test_it_has_a_name_and_says_whether_threads_may_call_it(case: Case) -> None:
    assert isinstance(case.model.name, str)
    assert case.model.name
    assert case.model.parallel in (True, False)
    assert case.model.row_by_row in (True, False)


def test_predictions_repeat(case: Case) -> None:
    rows = case.encode().rows
    for response in case.responses:
        np.testing.assert_array_equal(case.predict(rows, response), case.predict(rows, response))


def test_predictions_of_a_row_do_not_depend_on_its_neighbours(case: Case) -> None:
    rows = case.encode().rows
    for response in case.responses:
        whole = case.predict(rows, response)
        parts = [
            case.predict(rows.take(slice(0, 1)), response),
            case.predict(rows.take(slice(1, rows.n_rows)), response),
        ]
        np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5, atol=1e-6)
        order = np.random.default_rng(1).permutation(rows.n_rows)
        np.testing.assert_allclose(
            case.predict(rows.take(order), response), whole[order], rtol=1e-5, atol=1e-6
        )


def test_threads_get_the_same_predictions_where_they_may_call_it(case: Case) -> None:
    if not case.model.parallel:
        return
    rows = case.encode().rows
    expected = case.predict(rows)
    with case.model.predicting(), ThreadPoolExecutor(2) as pool:
        for pred in pool.map(case.model.predict, [rows.take(slice(0, rows.n_rows)) for _ in range(4)]):
            np.testing.assert_allclose(as_numpy(pred), expected, rtol=1e-5, atol=1e-6)


def test_encoding_leaves_the_table_untouched(case: Case) -> None:
    table, y = copy.deepcopy(case.X), copy.deepcopy(case.y)
    data = case.encode()
    case.predict(data.rows)
    if isinstance(table, pd.DataFrame):
        pd.testing.assert_frame_equal(case.X, table)
    elif isinstance(table, pl.DataFrame):
        assert case.X.equals(table)
    elif hasattr(table, "feat_dict"):
        assert table == case.X
    else:
        for own, before in zip(inputs(case.X), inputs(table), strict=True):
            np.testing.assert_array_equal(own, before)
    np.testing.assert_array_equal(case.y, y)


def inputs(table: Any) -> list[Any]:
    return list(table.values()) if isinstance(table, dict) else [table]


def test_encoding_says_which_rows_and_their_target(case: Case) -> None:
    data = case.encode()
    assert data.rows.n_rows == len(case.y)
    assert tuple(data.target.shape) == (len(case.y), 1)
    assert f"{len(case.y)}" in data.what
    assert case.encode(with_target=False).target is None


def test_features_own_their_columns_alone(case: Case) -> None:
    features = case.encode().features
    names = [feature.name for feature in features]
    columns = [column for feature in features for column in feature.columns]
    assert len(set(names)) == len(names)
    assert sorted(columns) == list(range(len(columns)))


def test_swapped_columns_go_back(case: Case) -> None:
    data = case.encode()
    rows = data.rows.take(slice(0, data.rows.n_rows))
    assert rows.equals(data.rows)
    reverse = np.arange(rows.n_rows)[::-1].copy()
    columns = [column for feature in data.features for column in feature.columns]
    with rows.swapped(columns, data.rows, data.rows.index(reverse)):
        assert not rows.equals(data.rows)
        np.testing.assert_allclose(case.predict(rows), case.predict(data.rows)[reverse], rtol=1e-5, atol=1e-6)
    assert rows.equals(data.rows)
    rows.replace(columns, data.rows, data.rows.index(reverse))
    np.testing.assert_allclose(case.predict(rows), case.predict(data.rows)[reverse], rtol=1e-5, atol=1e-6)


def state(own: Any) -> list[Any]:
    """What of a process and of a model may not stay changed."""
    network = getattr(own, "model", own)
    modes = [part.training for part in network.modules()] if isinstance(network, torch.nn.Module) else []
    numbers = np.random.get_state()[1].tolist()
    return [
        modes,
        torch.is_grad_enabled(),
        torch.get_rng_state().tolist(),
        numbers,
        random.getstate(),
    ]


@pytest.mark.parametrize("error", [None, ZeroDivisionError, KeyboardInterrupt])
def test_state_is_given_back(case: Case, error: type[BaseException] | None) -> None:
    before = state(case.own)
    data = case.encode()
    try:
        with case.model.predicting():
            case.model.predict(data.rows)
            if error is not None:
                raise error
    except (ZeroDivisionError, KeyboardInterrupt):
        pass
    assert state(case.own) == before


def test_outputs_are_what_they_are_said_to_be(case: Case) -> None:
    rows = case.encode().rows
    for response in case.responses:
        outputs = case.model.outputs(response)
        assert isinstance(outputs, Outputs)
        with case.model.predicting():
            raw = case.model.predict(rows, response)
            pred = as_numpy(case.model.to_user_scale(raw))
        assert pred.shape == tuple(raw.shape)
        width = pred.shape[1]
        assert len(outputs.targets) in (0, width)
        if outputs.kind == "probability":
            assert len(outputs.classes) in (0, width if width > 1 else 2)
            if width > 1:
                np.testing.assert_allclose(pred.sum(1), 1, rtol=1e-5)
            assert ((pred >= 0) & (pred <= 1)).all()
        elif outputs.kind == "label":
            assert set(np.unique(pred)) <= set(range(len(outputs.classes)))
        elif outputs.kind == "logit":
            assert len(outputs.classes) in (0, width if width > 1 else 2)
        elif outputs.kind == "quantile":
            assert len(outputs.levels) == width
        else:
            assert outputs.kind in ("number", "count", "unknown")


def test_raw_columns_are_the_users_own(case: Case) -> None:
    data = case.encode(with_target=False)
    columns = case.model.raw_columns(data, data.features, case.X, 20)
    assert [column.name for column in columns] == [feature.name for feature in data.features]
    for column in columns:
        assert column.values.shape == (data.rows.n_rows,)
        if column.kind == "numeric" and hasattr(case.X, "columns"):
            np.testing.assert_allclose(column.values, np.asarray(case.X[column.name], dtype=float), rtol=1e-5)


def test_it_has_a_default_metric_and_says_how_others_read_it(case: Case) -> None:
    data = case.encode()
    context = case.model.metric_context(data)
    assert context.model
    default = resolve_metric(None, None, context)
    assert default.against == "target"
    pred = case.model.predict(data.rows, default.response)
    assert np.isfinite(default.score(data.target, pred))
    change = resolve_metric(
        "prediction_change", None, case.model.metric_context(case.encode(with_target=False))
    )
    assert (change.against, change.greater_is_better) == ("baseline", False)
    assert change.response in case.responses
    for name, metric in context.named.items():
        assert isinstance(metric, Metric)
        assert resolve_metric(name, None, context).name == name


def test_chunks_are_the_same_for_the_same_rows(case: Case) -> None:
    rows = case.encode().rows
    with case.model.predicting():
        assert case.model.chunk_rows(rows) == case.model.chunk_rows(rows) > 0


def test_it_can_be_weighed(case: Case) -> None:
    imp = weigh(case.own, case.X, case.y, n_repeats=2, random_state=0)
    assert list(imp.features) == [feature.name for feature in case.encode().features]
    assert np.isfinite(imp.importances).all()
    assert imp.model == case.model.name
