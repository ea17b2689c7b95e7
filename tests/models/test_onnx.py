"""ONNX models: inputs by matrix and by name, labels and probabilities, a fixed number of rows, what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss

from weighin import InputError, MetricError, ModelError, weigh

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")

N = 90
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 3)).astype(np.float32)
FRAME = pd.DataFrame(X, columns=["elo", "rest", "spread"])
Y = X[:, 0] - X[:, 1]
CLASSES = np.where(Y > 0.3, "home", np.where(Y < -0.3, "away", "even"))


def proto(model: Any, **options: Any) -> Any:
    return skl2onnx.to_onnx(model, X[:1], **options)


@pytest.fixture(scope="module")
def classifier() -> Any:
    return LogisticRegression().fit(X, CLASSES)


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize("form", ["proto", "session", "path", "session of a path"])
def test_probabilities_of_the_classes_in_the_graph(
    classifier: Any, form: str, zipmap: bool, tmp_path: Path
) -> None:
    model = proto(classifier, options={"zipmap": zipmap})
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    forms = {
        "proto": lambda: model,
        "session": lambda: runtime.InferenceSession(model.SerializeToString()),
        "path": lambda: path,
        "session of a path": lambda: runtime.InferenceSession(str(path)),
    }
    imp = weigh(forms[form](), FRAME, CLASSES, n_repeats=2, random_state=0)
    assert imp.metric == "log_loss"
    assert imp.features == ("elo", "rest", "spread")
    assert imp.baseline == pytest.approx(log_loss(CLASSES, classifier.predict_proba(X)), rel=1e-5)
    own = weigh(classifier, X, CLASSES, n_repeats=2, random_state=0)
    np.testing.assert_allclose(imp.importances, own.importances, atol=1e-5)


def test_a_fixed_number_of_rows_gives_the_same() -> None:
    model = proto(LinearRegression().fit(X, Y))
    free = weigh(model, X, Y, n_repeats=2, random_state=0)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 16
    fixed = weigh(model, X, Y, n_repeats=2, random_state=0)
    np.testing.assert_allclose(fixed.importances, free.importances, rtol=1e-5)


def test_labels_alone_are_told_by_accuracy(classifier: Any) -> None:
    model = proto(classifier, options={"zipmap": False})
    del model.graph.output[1]
    imp = weigh(model, X, CLASSES, n_repeats=2, random_state=0)
    assert imp.metric == "accuracy"
    assert imp.baseline == pytest.approx((classifier.predict(X) == CLASSES).mean())


def test_scores_are_no_probabilities(classifier: Any) -> None:
    model = proto(classifier, options={id(classifier): {"zipmap": False, "raw_scores": True}})
    with pytest.raises(MetricError, match="outputs='logit'"):
        weigh(model, X, CLASSES)
    imp = weigh(model, X, CLASSES, outputs="logit", n_repeats=2, random_state=0)
    assert imp.baseline == pytest.approx(log_loss(CLASSES, classifier.predict_proba(X)), rel=1e-5)


def test_columns_by_name_in_any_order_and_with_others() -> None:
    kinds = skl2onnx.common.data_types
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    table = FRAME[["elo", "rest"]].assign(league=rng.choice(["acc", "mac"], N))
    prep = make_column_transformer((OneHotEncoder(), ["league"]), remainder="passthrough")
    model = make_pipeline(prep, LinearRegression()).fit(table, Y)
    types = {"elo": kinds.FloatTensorType, "rest": kinds.FloatTensorType, "league": kinds.StringTensorType}
    graph = skl2onnx.to_onnx(model, initial_types=[(name, kind([None, 1])) for name, kind in types.items()])
    imp = weigh(
        graph, table.assign(other=0.0)[["other", "league", "rest", "elo"]], Y, n_repeats=2, random_state=0
    )
    assert set(imp.features) == {"elo", "rest", "league"}
    own = weigh(model, table, Y, n_repeats=2, random_state=0)
    for name in imp.features:
        assert imp[name].importance == pytest.approx(own[name].importance, abs=1e-5)
    with pytest.raises(InputError, match="'league' is missing"):
        weigh(graph, FRAME, Y)


def test_what_cannot_be_is_named(tmp_path: Path) -> None:
    model = proto(LinearRegression().fit(X, Y))
    with pytest.raises(InputError, match=r"takes 3 columns as 'X', got 10000"):
        weigh(model, np.zeros((20, 10_000), np.float32), np.zeros(20))
    odd = tmp_path / "odd.onnx"
    odd.write_text("nothing")
    with pytest.raises(ModelError, match="ONNX Runtime cannot load the model"):
        weigh(odd, X, Y)
    with pytest.raises(InputError, match=r"missing\.onnx"):
        weigh(tmp_path / "missing.onnx", X, Y)
