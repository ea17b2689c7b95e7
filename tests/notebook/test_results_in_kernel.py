"""In a notebook every result shows itself once, as a table, and is the same table as text."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from kernel import Shown, run_notebook

pytestmark = pytest.mark.slow

SETUP = """
import numpy as np
import pandas as pd
import weighin
from sklearn.linear_model import LinearRegression
rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(400, 3)), columns=["age", "hours <week>", "region"])
y = X @ [3.0, 1.0, 0.0] + rng.normal(size=400)
model, other = LinearRegression().fit(X, y), LinearRegression().fit(X, -y)
recipe = weighin.Recipe.from_estimator(LinearRegression(), features=list(X), target="y")
"""
MAKE = {
    "importance": "weighin.weigh(model, X, y, metric='mae')",
    "given": "weighin.weigh(model, X, y, metric='mae', given='rest', n_repeats=3)",
    "shares": "weighin.shares(model, X, y, metric='mae', n_repeats=8)",
    "interactions": "weighin.interactions(model, X)",
    "effects": "weighin.effects(model, X)",
    "associations": "weighin.associations(X)",
    "comparison": "weighin.compare(*weighin.weigh([model, other], X, y, metric='mae'))",
    "ablation": "weighin.ablate(recipe, X.assign(y=y), drop=['age'], fits=2, metric='mae', n_jobs=1)",
    "refits": "weighin.weigh_refits(recipe, X.assign(y=y), fits=2, metric='mae', n_repeats=2, n_jobs=1)",
}
# what a result hands out shows itself once, as a sentence
SMALL = {
    "one feature": "importance['age']",
    "a difference": "importance.difference('age', 'region')",
    "a curve": "effects['age']",
    "what goes with it": "associations['age']",
    "a compared feature": "comparison['age']",
    "a variant": "ablation['age']",
    "a refitted feature": "refits['age']",
    "a share": "shares['age']",
    "a pair": "interactions['age', 'region']",
}
LEARNER = """
from fastai.tabular.all import *
learn = TabularDataLoaders.from_df(
    X.assign(y=y), cont_names=list(X), y_names="y", y_block=RegressionBlock(), bs=64, num_workers=0
)
learn = tabular_learner(learn, layers=[4], metrics=mae)
"""
CELLS = {
    "setup": SETUP,
    **{f"make {name}": f"{name} = {code}" for name, code in MAKE.items()},
    **{f"show {name}": name for name in MAKE},
    **{f"print {name}": f"print({name})" for name in MAKE},
    **{f"texts {name}": f"assert str({name}) == f'{{{name}}}' == repr({name})" for name in MAKE},
    **SMALL,
    "learner": LEARNER,
    "make learned": "learned = weighin.weigh(learn, X.assign(y=y))",
    "show learned": "learned",
    "print learned": "print(learned)",
}


@pytest.fixture(scope="module")
def shown() -> dict[str, Shown]:
    return run_notebook(CELLS)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.startswith(("make", "texts"))])
def test_work_shows_nothing(shown: Mapping[str, Shown], cell: str) -> None:
    assert shown[cell].outputs == []


@pytest.mark.parametrize("name", [*MAKE, "learned"])
def test_a_result_shows_itself_once_as_a_table_and_as_text(shown: Mapping[str, Shown], name: str) -> None:
    (output,) = shown[f"show {name}"].outputs
    assert output.output_type == "execute_result"
    assert set(output.data) == {"text/html", "text/plain"}
    html, text = output.data["text/html"], output.data["text/plain"]
    assert "<table" in html
    assert "age" in html
    assert "age" in text
    if name != "ablation":
        assert "hours &lt;week&gt;" in html
        assert "hours <week>" in text
    assert "\x1b" not in text
    assert not any(line.endswith(" ") for line in text.splitlines())
    # nothing was displayed on the way and taken back
    kinds = {message["msg_type"] for message in shown[f"show {name}"].messages}
    assert kinds <= {"status", "execute_input", "execute_result"}


@pytest.mark.parametrize("name", [*MAKE, "learned"])
def test_what_is_printed_is_the_text_of_the_result(shown: Mapping[str, Shown], name: str) -> None:
    (printed,) = shown[f"print {name}"].outputs
    assert printed.name == "stdout"
    assert printed.text == shown[f"show {name}"].outputs[0].data["text/plain"] + "\n"


@pytest.mark.parametrize("cell", SMALL)
def test_a_small_result_is_a_sentence(shown: Mapping[str, Shown], cell: str) -> None:
    (output,) = shown[cell].outputs
    assert set(output.data) == {"text/plain"}
    text = output.data["text/plain"]
    assert "age" in text.lower()
    assert "\x1b" not in text
    assert "object at 0x" not in text
    assert "=" not in text
