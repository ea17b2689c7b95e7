"""Models of Keras, and of ONNX."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ecosystem.cases.networks import encoder, matrix, network, run
from ecosystem.trial import NUMBERS, RAW, Trial, case, codes, games, log_loss, mae


def _keras(backend: str) -> Trial:
    os.environ["KERAS_BACKEND"] = backend
    import keras

    keras.utils.set_random_seed(0)
    numbers, levels = keras.Input((3,), name="numbers"), keras.Input((1,), name="league", dtype="int32")
    hidden = keras.layers.Concatenate()(
        [keras.layers.Flatten()(keras.layers.Embedding(3, 2)(levels)), numbers]
    )
    out = keras.layers.Dense(3, activation="softmax")(keras.layers.Dense(8, activation="relu")(hidden))
    model = keras.Model([numbers, levels], out)
    model.compile("adam", "sparse_categorical_crossentropy")
    df = games()
    X = {"numbers": matrix(df[NUMBERS]), "league": codes(df.league)[:, None]}
    model.fit(X, df.level, epochs=1, verbose=0)
    return Trial(model, X, df.level, lambda rows: model.predict(rows, verbose=0), log_loss)


@case("Keras on torch", "weigh(model, {input: matrix}, y)", "keras", "torch")
def keras_torch() -> Trial:
    return _keras("torch")


@case("Keras on jax", "weigh(model, {input: matrix}, y)", "keras", "jax")
def keras_jax() -> Trial:
    return _keras("jax")


def _onnx_matrix(model: Any, X: Any) -> Any:
    from skl2onnx import to_onnx

    return to_onnx(model, X[:1], options={"zipmap": False} if hasattr(model, "predict_proba") else None)


@case("ONNX Runtime, session", "weigh(session, X, y)", "onnxruntime")
def onnx_session() -> Trial:
    import onnxruntime
    from sklearn.linear_model import LogisticRegression

    df = games()
    X = matrix(df[NUMBERS])
    model = LogisticRegression().fit(X, df.level)
    session = onnxruntime.InferenceSession(_onnx_matrix(model, X).SerializeToString())
    name = session.get_inputs()[0].name
    return Trial(session, X, df.level, lambda rows: session.run(None, {name: rows})[1], log_loss)


@case("ONNX, file of columns", 'weigh("model.onnx", df, y)', "onnxruntime", "skl2onnx")
def onnx_file() -> Trial:
    import tempfile
    from pathlib import Path

    import onnxruntime
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    df = games().astype(dict.fromkeys(NUMBERS, np.float32))
    model = make_pipeline(encoder(), LogisticRegression()).fit(df[RAW], df.won)
    kinds = [
        (name, FloatTensorType([None, 1]) if name != "league" else StringTensorType([None, 1]))
        for name in RAW
    ]
    path = Path(tempfile.mkdtemp()) / "model.onnx"
    path.write_bytes(to_onnx(model, initial_types=kinds).SerializeToString())
    session = onnxruntime.InferenceSession(path)

    def predict(rows: Any) -> Any:
        given = {name: rows[[name]].to_numpy() for name in RAW}
        return np.array([[row["no"], row["yes"]] for row in session.run(None, given)[1]])

    return Trial(str(path), df[RAW], df.won, predict, log_loss, codes(df.won))


@case(
    "ONNX, from torch, of a fixed number of rows",
    "weigh(onnx_program, X, y)",
    "onnxruntime",
    "onnxscript",
    "torch",
)
def onnx_program() -> Trial:
    import torch

    df, module = games(), network(3, 1)
    X = matrix(df[NUMBERS])
    program = torch.onnx.export(module, (torch.from_numpy(X[:16]),), dynamo=True, verbose=False)
    return Trial(program, X, df.margin, lambda rows: run(module, rows), mae)
