"""In a notebook progress is one line that goes away, with ipywidgets and without."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from kernel import Shown, run_notebook

pytestmark = pytest.mark.slow

# the function waits, so that there is something to show
SETUP = """
import sys, time
import numpy as np
import weighin
rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 3))
y = X @ [3.0, 1.0, 0.0]
def wait(rows):
    time.sleep(0.03)
    return rows @ [3.0, 1.0, 0.0]
def silent(rows):
    return rows @ [3.0, 1.0, 0.0]
def chatty(rows):
    print("asked")
    return wait(rows)
def broken(rows):
    time.sleep(0.2)
    raise ValueError("broken")
"""
WEIGH = "imp = weighin.weigh(wait, X, y, metric='mae', n_repeats=10)"
CELLS = {
    "import": SETUP
    + "import weighin._base.notebook_line\nweighin._base.notebook_line.EVERY = 0.02\n"
    + WEIGH,
    "no ipywidgets": "sys.modules['ipywidgets'] = None",
    "weigh": WEIGH,
    "effects": "weighin.effects(wait, X);",
    "associations": "weighin.associations(X);",
    "two bars": "weighin.weigh(wait, X, y, metric='mae')\n" + WEIGH,
    "after a print": f"print('before')\n{WEIGH}\nprint('after')",
    "after a display": f"display('before')\n{WEIGH}",
    "after a program": f"import subprocess\nsubprocess.run(['echo', 'before'])\n{WEIGH}",
    "before a print": f"{WEIGH}\nprint('after')\n{WEIGH}",
    "a model prints": WEIGH.replace("wait", "chatty"),
    "a cell in a cell": f"print('before')\nget_ipython().run_cell({WEIGH!r});",
    "an error": WEIGH.replace("wait", "broken"),
    "captured": f"%%capture caught\n{WEIGH}",
    "what was captured": "print(caught.outputs, repr(caught.stdout + caught.stderr))",
    "not asked for": WEIGH.replace("n_repeats", "progress=False, n_repeats"),
    "asked for": WEIGH.replace("n_repeats", "progress=True, n_repeats"),
    "quick": "weighin._base.notebook_line.EVERY = 60.0\n" + WEIGH.replace("wait", "silent"),
    "ipywidgets": "del sys.modules['ipywidgets']\nimport ipywidgets\n"
    "weighin._base.notebook_line.EVERY = 0.02",
    "weigh with ipywidgets": WEIGH,
    "in a widget": f"out = ipywidgets.Output()\nwith out:\n    print('before')\n    {WEIGH}",
    "random state": "import random\nrandom.seed(1); np.random.seed(1)\n"
    "before = random.getstate(), np.random.get_state()[1].tolist()\n"
    + WEIGH
    + "\nassert before == (random.getstate(), np.random.get_state()[1].tolist())",
}


@pytest.fixture(scope="module")
def shown() -> dict[str, Shown]:
    return run_notebook(CELLS)


@pytest.mark.parametrize(
    "cell",
    [
        "import",
        "weigh",
        "effects",
        "associations",
        "not asked for",
        "asked for",
        "quick",
        "weigh with ipywidgets",
        "random state",
    ],
)
def test_a_cell_that_shows_nothing_of_its_own_is_left_empty(shown: Mapping[str, Shown], cell: str) -> None:
    assert shown[cell].outputs == []


@pytest.mark.parametrize("cell", ["weigh", "effects", "asked for", "weigh with ipywidgets"])
def test_one_line_is_updated_in_place(shown: Mapping[str, Shown], cell: str) -> None:
    sent = [
        message for message in shown[cell].messages if message["msg_type"] not in ("status", "execute_input")
    ]
    kinds = [message["msg_type"] for message in sent]
    assert kinds == ["display_data", *["update_display_data"] * (len(sent) - 2), "clear_output"]
    assert len({message["content"]["transient"]["display_id"] for message in sent[:-1]}) == 1
    texts = shown[cell].texts_on_the_way()
    assert len(texts) == len(set(texts)) > 1
    for text in texts:
        assert re.fullmatch(r"\w+ ━*─* +\d+% (\d:\d\d:\d\d|-:--:--)", text)
        assert text.count("━") + text.count("─") == 40


@pytest.mark.parametrize("cell", ["quick", "not asked for"])
def test_nothing_is_sent_where_there_is_nothing_to_say(shown: Mapping[str, Shown], cell: str) -> None:
    assert shown[cell].texts_on_the_way() == []


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("after a print", ["before", "after"]),
        ("before a print", ["after"]),
        ("a model prints", ["asked"]),
        ("a cell in a cell", ["before"]),
        ("after a program", ["before"]),
        ("what was captured", ["[] ''"]),
    ],
)
def test_what_others_print_stays(shown: Mapping[str, Shown], cell: str, lines: list[str]) -> None:
    assert list(dict.fromkeys(shown[cell].text.splitlines())) == lines
    # a line beside others is emptied, which takes no room
    assert all(output.data == {} for output in shown[cell].outputs if output.output_type == "display_data")


def test_a_display_of_others_stays(shown: Mapping[str, Shown]) -> None:
    first, *rest = shown["after a display"].outputs
    assert first.data["text/plain"] == "'before'"
    assert [output.data for output in rest] == [{}]


def test_the_line_goes_when_the_model_fails(shown: Mapping[str, Shown]) -> None:
    (output,) = shown["an error"].outputs
    assert output.ename == "ValueError"


def test_a_line_in_an_output_widget_leaves_what_else_is_there(shown: Mapping[str, Shown]) -> None:
    kinds = [message["msg_type"] for message in shown["in a widget"].messages]
    assert shown["in a widget"].texts_on_the_way()
    assert "stream" in kinds
    assert "clear_output" not in kinds


def test_no_cell_warns_or_fails(shown: Mapping[str, Shown]) -> None:
    for cell, what in shown.items():
        kinds = [(output.output_type, output.get("name")) for output in what.outputs]
        assert ("stream", "stderr") not in kinds, cell
        assert ("error", None) not in kinds or cell == "an error", what.outputs
