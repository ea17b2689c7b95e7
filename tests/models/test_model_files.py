"""Models from files and from modules of the user's own: right objects, no code unasked, one message for the rest."""

from __future__ import annotations

import io
import pickle
import sys
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from weighin import InputError, MissingDependencyError, ModelError, UntrustedFileError
from weighin._models.files import from_code, is_code, open_model

rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(60, 3)), columns=["age", "dose", "week"])
Y = X["age"] + 0.1 * rng.normal(size=60)


class Runs:
    """A pickle that leaves a trace when it is opened."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def refuse(what):
    raise UntrustedFileError(what)


def accept(what):
    pass


def opened(path):
    """Open what needs no trust."""
    return open_model(path, refuse)


@pytest.mark.parametrize("name", ["m.pkl", "m.pickle", "m.joblib"])
@pytest.mark.parametrize("dump", [joblib.dump, lambda model, path: path.write_bytes(pickle.dumps(model))])
def test_a_pickle_is_opened_by_whoever_trusts_it(tmp_path, name, dump):
    model = LinearRegression().fit(X, Y)
    dump(model, tmp_path / name)
    with pytest.raises(UntrustedFileError, match="is a pickle: opening it runs the code stored in it"):
        opened(tmp_path / name)
    assert open_model(tmp_path / name, accept).coef_.tolist() == model.coef_.tolist()


@pytest.mark.slow
def test_no_suffix_runs_code_unasked(tmp_path):
    from weighin._models.files.open import FORMATS

    program = torch.export.export(torch.nn.Linear(3, 1), (torch.zeros(4, 3),))
    torch.export.save(program, tmp_path / "whole.pt2")
    bomb = io.BytesIO()
    torch.save(Runs(tmp_path / "hacked"), bomb)
    with (
        zipfile.ZipFile(tmp_path / "whole.pt2") as whole,
        zipfile.ZipFile(tmp_path / "exported.pt2", "w") as bad,
    ):
        for entry in whole.infolist():
            pickled = entry.filename.endswith(".pt")
            bad.writestr(entry.filename, bomb.getvalue() if pickled else whole.read(entry))
    contents = {"bare": pickle.dumps(Runs(tmp_path / "hacked")), "torch": bomb.getvalue()}
    for form in FORMATS:
        for suffix in form.suffixes:
            for word, content in contents.items():
                path = tmp_path / f"{word}{suffix}"
                path.write_bytes(content)
                with pytest.raises((UntrustedFileError, ModelError, MissingDependencyError), match=path.name):
                    open_model(path, lambda what, path=path: refuse(f"{path.name} {what}"))
    with pytest.raises(UntrustedFileError, match="holds pickles"):
        opened(tmp_path / "exported.pt2")
    assert not (tmp_path / "hacked").exists()


def test_weights_of_torch_are_said_without_a_question(tmp_path):
    net = torch.nn.Linear(3, 1)
    torch.save(net.state_dict(), tmp_path / "w.pt")
    with pytest.raises(
        ModelError, match=r"w\.pt' holds the weights of a network \('weight', 'bias'\), not the net"
    ):
        opened(tmp_path / "w.pt")
    torch.save(net, tmp_path / "net.pth")
    with pytest.raises(UntrustedFileError):
        opened(tmp_path / "net.pth")
    assert open_model(tmp_path / "net.pth", accept)(torch.ones(1, 3)) == net(torch.ones(1, 3))


@pytest.mark.slow
@pytest.mark.parametrize("dynamic", [True, False])
def test_a_program_of_torch_export_takes_any_number_of_rows(tmp_path, dynamic):
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    shapes = ({0: torch.export.Dim("rows")},) if dynamic else None
    torch.export.save(
        torch.export.export(net, (torch.zeros(7, 3),), dynamic_shapes=shapes), tmp_path / "n.pt2"
    )
    module = opened(tmp_path / "n.pt2")
    for n in (1, 7, 20):
        rows = torch.randn(n, 3)
        with torch.no_grad():
            torch.testing.assert_close(module(rows), net(rows))
    assert module.eval().training == module.training


@pytest.mark.slow
def test_boosters_of_three_libraries(tmp_path):
    catboost, lightgbm, xgboost = map(pytest.importorskip, ("catboost", "lightgbm", "xgboost"))
    labels = np.where(Y > 0, "yes", "no")
    xgb = xgboost.XGBRegressor(n_estimators=3).fit(X, Y)
    for suffix in (".json", ".ubj"):
        xgb.save_model(tmp_path / f"x{suffix}")
        assert opened(tmp_path / f"x{suffix}").num_boosted_rounds() == 3
    lgb = lightgbm.LGBMRegressor(n_estimators=3, verbose=-1).fit(X, Y)
    lgb.booster_.save_model(tmp_path / "l.txt")
    np.testing.assert_allclose(opened(tmp_path / "l.txt").predict(X), lgb.predict(X))
    quiet = {"iterations": 3, "verbose": 0, "allow_writing_files": False}
    for model, y in (
        (catboost.CatBoostClassifier(**quiet), labels),
        (catboost.CatBoostRegressor(**quiet), Y),
    ):
        model.fit(X, y).save_model(tmp_path / "c.cbm")
        again = opened(tmp_path / "c.cbm")
        assert type(again) is type(model)
        assert again.predict(X).tolist() == model.predict(X).tolist()


def test_skops_asks_for_types_of_its_own_choice(tmp_path):
    io_ = pytest.importorskip("skops.io")
    io_.dump(LogisticRegression().fit(X, Y > 0), tmp_path / "m.skops")
    assert opened(tmp_path / "m.skops").classes_.tolist() == [False, True]
    io_.dump(FunctionTransformer(np.polyfit), tmp_path / "f.skops")
    with pytest.raises(
        UntrustedFileError, match=r"types that skops does not trust by itself: 'numpy\.polyfit'"
    ):
        opened(tmp_path / "f.skops")


def test_onnx(tmp_path):
    onnx, runtime = map(pytest.importorskip, ("onnx", "onnxruntime"))
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    x, y = (onnx.helper.make_tensor_value_info(name, 1, [None, 3]) for name in "xy")
    graph = onnx.helper.make_graph([node], "g", [x], [y])
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8),
        tmp_path / "m.onnx",
    )
    session = opened(tmp_path / "m.onnx")
    assert isinstance(session, runtime.InferenceSession)
    assert [entry.name for entry in session.get_inputs()] == ["x"]


@pytest.mark.parametrize("suffix", [".skops", ".onnx", ".keras", ".cbm", ".txt", ".ubj", ".pt2"])
def test_what_is_not_installed_is_named_with_how_to_get_it(tmp_path, monkeypatch, suffix):
    from importlib.util import find_spec

    packages = {
        ".skops": "skops",
        ".onnx": "onnxruntime",
        ".keras": "keras",
        ".cbm": "catboost",
        ".txt": "lightgbm",
    }
    package = {**packages, ".ubj": "xgboost", ".pt2": "torch"}[suffix]
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"x")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == package else find_spec(name))
    with pytest.raises(MissingDependencyError, match=rf"model\{suffix}' is .*: pip install {package}$"):
        opened(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("m.h5", r"is of an older Keras.*load_model.*Read are \.pkl, "),
        ("m.safetensors", "holds the weights of a network without the network"),
        ("m.joblb", r"has no suffix of a model that weighin opens: .*Did you mean '\.joblib'\?"),
        ("model", r"has no suffix of a model that weighin opens"),
    ],
)
def test_other_formats_are_named(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ModelError, match=message):
        opened(tmp_path / name)


RUBBISH = {
    "empty": b"",
    "text": b"garbage",
    "zeros": bytes(5000),
    "object": b"{}",
    "a result": b'{"format": "weighin.importance"}',
    "half a pickle": pickle.dumps(LinearRegression())[:40],
    "half a zip": b"PK\x03\x04 broken zip",
    "lightgbm": b"tree\nversion=v4\n",
    "catboost": b"CBM1" + bytes(100),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "suffix", [".pkl", ".joblib", ".pt", ".pt2", ".skops", ".onnx", ".keras", ".json", ".ubj", ".txt", ".cbm"]
)
def test_rubbish_is_one_message_that_names_the_file(tmp_path, suffix):
    for word, content in RUBBISH.items():
        path = tmp_path / f"{word}{suffix}"
        path.write_bytes(content)
        with pytest.raises((ModelError, MissingDependencyError), match=f"{word}\\{suffix}' "):
            open_model(path, accept)


@pytest.mark.slow
def test_a_file_that_was_cut_anywhere_is_one_message(tmp_path):
    xgboost, lightgbm, catboost = map(pytest.importorskip, ("xgboost", "lightgbm", "catboost"))
    xgb = xgboost.XGBRegressor(n_estimators=2).fit(X, Y)
    for suffix in (".json", ".ubj"):
        xgb.save_model(tmp_path / f"whole{suffix}")
    lightgbm.LGBMRegressor(n_estimators=2, verbose=-1).fit(X, Y).booster_.save_model(tmp_path / "whole.txt")
    cat = catboost.CatBoostRegressor(iterations=2, verbose=0, allow_writing_files=False).fit(X, Y)
    cat.save_model(tmp_path / "whole.cbm")
    torch.export.save(
        torch.export.export(torch.nn.Linear(3, 1), (torch.zeros(4, 3),)), tmp_path / "whole.pt2"
    )
    joblib.dump(LinearRegression().fit(X, Y), tmp_path / "whole.joblib")
    for suffix in (".json", ".ubj", ".txt", ".cbm", ".pt2", ".joblib"):
        whole, cut = (tmp_path / f"whole{suffix}").read_bytes(), tmp_path / f"cut{suffix}"
        for part in (0.1, 0.5, 0.9):
            cut.write_bytes(whole[: int(part * len(whole))])
            with pytest.raises(ModelError, match=f"cut\\{suffix}' "):
                open_model(cut, accept)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".pt", ".pt2", ".skops", ".keras", ".pkl"])
def test_an_archive_that_would_fill_the_memory_is_not_opened(tmp_path, suffix):
    path = tmp_path / f"bomb{suffix}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(2**28 + 1))
    with pytest.raises(
        (ModelError, MissingDependencyError), match=r"would unpack to 268,435,457|pip install"
    ):
        open_model(path, accept)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": 1}, "holds dict with 'a', not a model"),
        ([], "holds list, not"),
        ({}, "holds an empty dict"),
        (3, "holds int"),
    ],
)
def test_what_is_no_model_is_said(tmp_path, value, message):
    joblib.dump(value, tmp_path / "x.pkl")
    with pytest.raises(ModelError, match=rf"x\.pkl' {message}"):
        open_model(tmp_path / "x.pkl", accept)


def test_a_class_that_cannot_be_found_is_named(tmp_path, monkeypatch):
    (tmp_path / "gone.py").write_text("class Model:\n    def predict(self, X):\n        return X\n")
    monkeypatch.syspath_prepend(tmp_path)
    import gone

    joblib.dump(gone.Model(), tmp_path / "m.joblib")
    monkeypatch.delitem(sys.modules, "gone")
    (tmp_path / "gone.py").unlink()
    message = r"needs the module 'gone', which is not installed\. Install it \(pip install gone\), or"
    with pytest.raises(ModelError, match=message):
        open_model(tmp_path / "m.joblib", accept)


def test_a_pickle_may_raise_anything_and_a_stop_is_a_stop(tmp_path):
    for kind in (ZeroDivisionError, SystemExit, KeyboardInterrupt):
        path = tmp_path / "x.pkl"
        path.write_bytes(pickle.dumps(Raises(kind)))
        with pytest.raises(kind if kind is KeyboardInterrupt else ModelError):
            open_model(path, accept)


class Raises:
    def __init__(self, kind):
        self.kind = kind

    def __reduce__(self):
        return (_raise, (self.kind,))


def _raise(kind):
    raise kind("no")


MODULE = """
def predict(table):
    return table["age"]


class Model:
    inner = predict


number = 3
"""


def test_functions_of_a_module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "needs.py").write_text("import nothing_like_that\n")
    assert from_code("mine:predict")(X) is not None
    assert from_code("mine:Model.inner") is from_code("mine:predict")
    for text, error, message in (
        ("mine:predit", InputError, r"'mine' has no 'predit'\. Did you mean 'predict'\?"),
        ("mime:predict", InputError, r"No module named 'mime' .*Did you mean 'mine'\?"),
        ("mine.sub:predict", InputError, r"No module named 'mine.sub'"),
        ("broken:predict", ModelError, "cannot be imported: ZeroDivisionError"),
        ("leaves:predict", ModelError, "cannot be imported: SystemExit: 3"),
        ("needs:predict", ModelError, "cannot be imported: No module named 'nothing_like_that'"),
        ("mine:Model", ModelError, "is a class; name a trained model"),
        ("mine:number", ModelError, "is a int; name a trained model"),
    ):
        with pytest.raises(error, match=message):
            from_code(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a.b:c", True),
        ("a:b.c", True),
        ("m.pkl", False),
        ("C:\\m.pkl", False),
        ("a:", False),
        (":a", False),
        ("a:b:c", False),
        ("1:a", False),
    ],
)
def test_what_names_code(text, code):
    assert is_code(text) is code
