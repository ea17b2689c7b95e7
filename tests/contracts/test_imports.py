"""What is loaded when: nothing heavy before it is used, nothing the user does not have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

import weighin
from weighin._base.optional import require

HEAVY = {
    "torch",
    "fastai",
    "torchvision",
    "pandas",
    "polars",
    "pyarrow",
    "matplotlib",
    "sklearn",
    "scipy",
    "numpy",
}
AT_IMPORT = HEAVY | {"rich", "typer", "click", "narwhals", "httpx2", "pydantic"}


BESIDE_NUMPY = HEAVY - {"numpy", "scipy"}


def loaded_after(*steps: str) -> list[set[str]]:
    """Top-level modules a fresh interpreter holds after each of the steps, run one after the other."""
    report = "import sys; print(*sorted(m for m in sys.modules if '.' not in m), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(f"{step}\n{report}" for step in steps)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [set(line.split()) for line in done.stderr.splitlines()]


@pytest.mark.slow
def test_nothing_is_loaded_before_it_is_used():
    importing, errors, result, weighing = loaded_after(
        "import weighin, weighin.adapters, weighin.callbacks; dir(weighin); weighin.__version__",
        "from weighin import InputError, WeighinError",
        "import numpy as np; str(weighin.Importance(('a',), np.ones((1, 2)), 1.0, 'mae', False, 9))",
        "try: weighin.weigh(object())\nexcept weighin.ModelError: pass\nelse: raise SystemExit('no error')",
    )
    assert importing & AT_IMPORT == set()
    # an error class costs nothing
    assert errors & AT_IMPORT == set()
    # a result loads neither a framework nor a chart library, nor does weigh of itself
    assert result & BESIDE_NUMPY == set()
    assert weighing & BESIDE_NUMPY == set()


@pytest.mark.slow
def test_what_is_loaded_at_first_use_draws_no_random_numbers():
    use = (
        "random.seed(1); before = random.getstate()\n"
        "weighin.{}\n"
        "weighin.weigh(lambda X: X[:, 0], rows, rows[:, 0], n_repeats=1, random_state=0)\n"
        "assert random.getstate() == before, {!r}"
    )
    names = ["weigh", "permutation_importance", "effects", "ablate"]
    start = "import random, numpy as np, weighin; rows = np.arange(12.0).reshape(6, 2)"
    loaded = loaded_after(start, *(use.format(name, name) for name in names))
    # rich draws one when it is loaded
    assert "rich" not in loaded[0]
    assert "rich" in loaded[1]


def test_help_loads_no_framework():
    show = (
        "sys.argv = ['weighin', *{!r}]\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    try: main()\n"
        "    except SystemExit as stop: assert not stop.code, stop.code"
    )
    arguments = [["--version"], ["--help"], ["run", "--help"], ["demo", "--help"]]
    start = "import contextlib, io, sys; from weighin._cli import main"
    for loaded in loaded_after(start, *(show.format(words) for words in arguments)):
        assert loaded & HEAVY == set()


@pytest.mark.slow
def test_a_run_loads_what_its_model_needs_and_no_other_framework(tmp_path: Path) -> None:
    """Each in a process of its own: what one loads stays."""
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "y"])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    joblib.dump(LinearRegression().fit(frame[["a", "b"]], frame["y"]), tmp_path / "model.joblib")
    (tmp_path / "own.py").write_text("def predict(rows): return rows['a'].to_numpy() * 2\n", encoding="utf-8")
    frameworks = {"torch", "fastai", "torchvision", "xgboost", "lightgbm", "catboost", "keras", "onnxruntime"}
    for model, needs in (("model.joblib", {"sklearn"}), ("own:predict", set[str]())):
        arguments = ["weighin", "run", model, "rows.csv", "--target", "y", "--trust", "--force", "--no-page"]
        (loaded,) = loaded_after(
            f"import contextlib, io, os, sys; os.chdir({str(tmp_path)!r}); sys.path.insert(0, '')\n"
            f"from weighin._cli import main; sys.argv = {arguments!r}\n"
            "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
            "    try: main()\n"
            "    except SystemExit as stop: assert not stop.code, stop.code"
        )
        assert loaded & frameworks == set()
        assert needs <= loaded


@pytest.mark.slow
def test_weighing_a_function_loads_no_library_of_models_and_no_distributions() -> None:
    (loaded,) = loaded_after(
        "import numpy as np, weighin, sys; rows = np.arange(12.0).reshape(6, 2)\n"
        "weighin.weigh(lambda X: X[:, 0], rows, rows[:, 0], n_repeats=1, random_state=0)\n"
        "assert 'scipy.stats' not in sys.modules"
    )
    assert loaded & {"torch", "fastai", "sklearn", "pandas", "matplotlib", "pyarrow"} == set()


@pytest.mark.slow
def test_weighing_a_fastai_learner_never_imports_torchvision(learner_file):
    code = f"""
import warnings; warnings.simplefilter('ignore')
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] == 'torchvision':
            raise AssertionError('torchvision was imported')
sys.meta_path.insert(0, Refuse())
from fastai.learner import load_learner
import weighin, pandas as pd
learn = load_learner({str(learner_file)!r})
rows = pd.DataFrame({{"home_name": ["Rice", "Navy", "Yale"], "neutral": [True, False, False], "week": [1, 2, 3],
    "elo": [1.0, 2.0, 3.0], "rest": [7.0, 6.0, None], "spread": [-1.0, 0.0, 4.0], "margin": [1.0, 2.0, 3.0]}})
assert weighin.weigh(learn, rows, random_state=0, progress=False).n_rows == 3"""
    code += """
assert not {"fastai.vision", "fastai.text", "fastai.medical", "fastai.collab"} & set(sys.modules)"""
    (loaded,) = loaded_after(code)
    assert "torchvision" not in loaded


def test_frames_come_without_pandas_and_a_missing_library_is_named(monkeypatch):
    imp = weighin.Importance(("a",), np.ones((1, 2)), 1.0, "mae", False, 9)
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert isinstance(imp.to_frame(), pl.DataFrame)
    with pytest.raises(weighin.MissingDependencyError, match=r"pandas is not installed: pip install pandas"):
        imp.to_frame(backend="pandas")


def test_a_package_broken_inside_keeps_its_own_message(tmp_path, monkeypatch):
    (tmp_path / "halfbaked.py").write_text("import not_there_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError) as error:
        require("halfbaked", "fastai", "test")
    assert error.value.name == "not_there_at_all"
