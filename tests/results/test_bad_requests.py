"""What no result can do is refused by name; what a file holds is harmless or refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import weighin
from weighin import InputError
from weighin._base.files import as_path

X = np.random.default_rng(0).normal(size=(60, 3))
RESULTS = {
    "importance": lambda: weighin.weigh(lambda rows: rows[:, 0], X, X[:, 0], n_repeats=2, random_state=0),
    "effects": lambda: weighin.effects(lambda rows: rows[:, 0], X, random_state=0),
    "associations": lambda: weighin.associations(X, random_state=0),
}


@pytest.fixture(params=RESULTS)
def found(request):
    return RESULTS[request.param]()


@pytest.mark.parametrize("path", ["", 3, None, b"x", [], "a\0b"])
def test_what_is_no_path_is_refused(found, path):
    for ask in (found.save, type(found).load, *([found.to_html] if path is not None else [])):
        with pytest.raises(InputError, match="path must be a path, got "):
            ask(path)


def test_a_name_that_no_file_can_have_is_refused_before_any_work(found, tmp_path):
    with pytest.raises(InputError, match="cannot be written: File name too long"):
        found.save(tmp_path / ("x" * 300 + ".json"))
    with pytest.raises(InputError, match="is a folder; name a file in it"):
        found.save(tmp_path)


def test_a_path_may_be_any_object_that_stands_for_one(tmp_path):
    class Place:
        def __fspath__(self):
            return str(tmp_path)

    assert as_path(Place()) == tmp_path


@pytest.mark.parametrize("title", [3, b"x", []])
def test_what_is_no_title_is_refused(found, title, axes):
    with pytest.raises(InputError, match="title must be text or None"):
        found.to_html(title=title)
    if not isinstance(found, weighin.Effects):
        with pytest.raises(InputError, match="title must be text or None"):
            found.plot(title=title, ax=axes)


def test_what_is_no_axes_is_refused(found):
    with pytest.raises(InputError, match=r"ax must be .*Axes.* got int"):
        found.plot(ax=3)


def test_a_level_next_to_1_is_refused(found):
    with pytest.raises(InputError, match=r"confidence_level must be between 0 and 1, got 0\.99999"):
        found.to_frame(1 - 1e-16)


@pytest.mark.parametrize("labels", [None, 3, "ab", ("a",), ("a", "a"), (1, 2)])
def test_what_is_no_pair_of_labels_is_refused(labels):
    importance = RESULTS["importance"]()
    with pytest.raises(InputError, match="labels must"):
        weighin.compare(importance, importance, labels=labels)


def test_names_that_are_no_names_are_refused():
    with pytest.raises(InputError, match=r"features must hold names \(text\), got \['x0'\]"):
        RESULTS["effects"]().plot(features=[["x0"]])
    with pytest.raises(InputError, match="features must be a list of names, got bytes"):
        weighin.associations(X, b"x0")


def test_a_file_whose_parts_do_not_fit_together_is_damaged(tmp_path):
    path = tmp_path / "associations.json"
    content = json.loads(RESULTS["associations"]().to_json())
    path.write_text(json.dumps(content | {"features": content["features"][:2]}))
    with pytest.raises(
        InputError, match=r"associations\.json' is damaged: kinds must have one entry per feature"
    ):
        weighin.Associations.load(path)
    path.write_text(json.dumps(content | {"n_rows": 2**70}))
    with pytest.raises(
        InputError, match=r"is damaged: n_rows cannot be 1180591620717411303424 \(too large\)"
    ):
        weighin.Associations.load(path)


@pytest.mark.parametrize("key", ["metric", "model", "rows", "date"])
def test_no_text_of_a_file_reaches_a_terminal_as_it_is(tmp_path, key):
    path = tmp_path / "importance.json"
    content = json.loads(RESULTS["importance"]().to_json())
    path.write_text(json.dumps(content | {key: "\x1b[31m\u202e"}))
    result = weighin.Importance.load(path)
    for text in (str(result), result.summary(), result.to_markdown()):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_errors_are_harmless_and_short():
    error = InputError(f"no {'x' * 10_000} and \x1b[31m\nsecond line")
    assert str(error) == f"no {'x' * 120} ... (10,000 letters) and \\x1b[31m\nsecond line"
