"""What is loaded when: nothing heavy before it is used, nothing the user does not have."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
AT_IMPORT = HEAVY | {"rich", "typer", "click", "narwhals", "httpx", "pydantic"}


def loaded_after(code: str) -> set[str]:
    """Top-level modules a fresh interpreter holds after running `code`."""
    code = f"{code}\nimport sys\nsys.stderr.write(' '.join(sorted(m for m in sys.modules if '.' not in m)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize("name", ["weigh", "permutation_importance", "effects", "ablate"])
def test_what_is_loaded_at_first_use_draws_no_random_numbers(name):
    code = (
        "import random, numpy as np, weighin\n"
        "random.seed(1); before = random.getstate()\n"
        f"weighin.{name}\n"
        "rows = np.arange(12.0).reshape(6, 2)\n"
        "weighin.weigh(lambda X: X[:, 0], rows, rows[:, 0], n_repeats=1, random_state=0)\n"
        "assert random.getstate() == before"
    )
    assert "rich" in loaded_after(code)


def test_importing_weighin_loads_nothing_heavy():
    assert loaded_after("import weighin; dir(weighin); weighin.__version__") & AT_IMPORT == set()


def test_an_error_class_costs_nothing():
    assert loaded_after("from weighin import InputError, WeighinError") & AT_IMPORT == set()


def test_the_result_class_loads_neither_a_framework_nor_a_chart_library():
    code = (
        "import numpy as np, weighin; str(weighin.Importance(('a',), np.ones((1, 2)), 1.0, 'mae', False, 9))"
    )
    assert loaded_after(code) & (HEAVY - {"numpy", "scipy"}) == set()


def test_weigh_itself_loads_no_framework():
    code = (
        "import weighin\n"
        "try: weighin.weigh(object())\n"
        "except weighin.ModelError: pass\n"
        "else: raise SystemExit('no error')"
    )
    assert loaded_after(code) & (HEAVY - {"numpy", "scipy"}) == set()


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["demo", "--help"], ["--version"]])
def test_help_loads_no_framework(arguments):
    code = (
        f"import sys; sys.argv = ['weighin', *{arguments!r}]\n"
        "import io, contextlib\n"
        "from weighin._cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    try: main()\n"
        "    except SystemExit as stop: assert not stop.code, stop.code"
    )
    assert loaded_after(code) & HEAVY == set()


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
    assert "torchvision" not in loaded_after(code)


def test_frames_come_without_pandas_and_a_missing_library_is_named():
    code = """
import sys
sys.modules['pandas'] = None
import numpy as np, weighin
imp = weighin.Importance(('a',), np.ones((1, 2)), 1.0, 'mae', False, 9)
assert type(imp.to_frame()).__module__.startswith('polars'), type(imp.to_frame())
try:
    imp.to_frame(backend='pandas')
except weighin.MissingDependencyError as error:
    assert 'pandas is not installed: pip install pandas' in str(error), error
else:
    raise SystemExit('no error')"""
    loaded_after(code)


def test_a_package_broken_inside_keeps_its_own_message(tmp_path):
    (tmp_path / "halfbaked.py").write_text("import not_there_at_all\n")
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from weighin._base.optional import require
try:
    require('halfbaked', 'fastai', 'test')
except ModuleNotFoundError as error:
    assert error.name == 'not_there_at_all', error
else:
    raise SystemExit('no error')"""
    loaded_after(code)
