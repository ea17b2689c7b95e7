"""An importance comes back from its file as it was; what is no such file is said."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from importances import HOSTILE, result, same
from weighin import Importance, InputError, OutputExistsError


def test_everything_comes_back_from_the_file(tmp_path):
    imp = result(simulated=True, complete=False, on_training_rows=None)
    imp.save(tmp_path / "imp.json")
    assert same(Importance.load(tmp_path / "imp.json"), imp)
    assert [path.name for path in tmp_path.iterdir()] == ["imp.json"]


finite_or_not = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(
    data=st.data(),
    names=st.lists(st.text(max_size=30), min_size=1, max_size=4, unique=True),
    repeats=st.integers(1, 3),
    baseline=finite_or_not,
    notes=st.lists(st.text()),
    rows=st.text(),
)
def test_any_result_comes_back_bit_for_bit(tmp_path_factory, data, names, repeats, baseline, notes, rows):
    path = tmp_path_factory.mktemp("results") / "imp.json"
    importances = data.draw(arrays(np.float64, (len(names), repeats), elements=finite_or_not))
    imp = result(
        features=tuple(names),
        importances=importances,
        baseline=baseline,
        notes=tuple(notes),
        rows=rows,
        groups={name: tuple(names) for name in names},
    )
    imp.save(path)
    assert same(Importance.load(path), imp)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_back_from_the_file(tmp_path, name):
    imp = result(features=(name, "b", "c"), groups={name: ("b", "c")})
    imp.save(tmp_path / "imp.json")
    assert same(Importance.load(tmp_path / "imp.json"), imp)


def test_the_file_is_plain_versioned_json_without_special_numbers(tmp_path):
    result(importances=np.array([[math.nan], [math.inf], [1.0]]), baseline=0.0).save(tmp_path / "imp.json")

    def refuse(constant):
        raise AssertionError(constant)

    content = json.loads((tmp_path / "imp.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert (content["format"], content["version"]) == ("weighin.importance", 2)
    assert content["importances"][0] == [None]
    assert content["relative"] == [None, None, None]


def test_numpy_numbers_can_be_saved(tmp_path):
    imp = result(baseline=np.float32(0.5), n_rows=np.int64(7), random_state=np.int64(5))
    imp.save(tmp_path / "imp.json")
    assert Importance.load(tmp_path / "imp.json").baseline == 0.5


def test_an_existing_file_is_left_unless_forced(tmp_path):
    path = tmp_path / "imp.json"
    path.write_text("precious")
    with pytest.raises(OutputExistsError):
        result().save(path)
    assert path.read_text() == "precious"
    result().save(str(path), force=True)
    assert same(Importance.load(str(path)), result())


def saved(tmp_path, **changes):
    path = tmp_path / "imp.json"
    result().save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    for name, value in changes.items():
        if value is ...:
            del content[name]
        else:
            content[name] = value
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        (3, "a newer weighin may read it"),
        (99, "a newer weighin may read it"),
        *(
            (version, "weigh again, or read it with the weighin that wrote it")
            for version in (1, 0, "2", None, True)
        ),
    ],
)
def test_another_version_of_the_format_is_refused(tmp_path, version, hint):
    told = (
        rf"has version {version!r} of the format 'weighin.importance'; this weighin reads version 2: {hint}\."
    )
    with pytest.raises(InputError, match=told):
        Importance.load(saved(tmp_path, version=version))


def test_fields_a_later_weighin_adds_are_passed_over(tmp_path):
    assert same(Importance.load(saved(tmp_path, something_new=[1, 2])), result())


@pytest.mark.parametrize(
    "changes",
    [
        {"importances": ...},
        {"features": ...},
        {"baseline": ...},
        {"importances": [[1.0, 2.0]]},
        {"importances": [[1.0, 2.0], [1.0], [1.0]]},
        {"importances": [1.0, 2.0, 3.0]},
        {"importances": "text"},
        {"importances": [["a", "b"]] * 3},
        {"importances": [[], [], []]},
        {"features": 5},
        {"features": "abc"},
        {"features": [1, 2, 3]},
        {"baseline": "high"},
        {"metric": 5},
        {"greater_is_better": "yes"},
        {"n_rows": "many"},
        {"groups": [1]},
        {"groups": {"a": 5}},
        {"notes": "text"},
        {"notes": [5]},
        {"on_training_rows": "maybe"},
        {"simulated": "no"},
        {"complete": None},
        {"rows": 7},
        {"random_state": "x"},
        {"versions": []},
    ],
    ids=str,
)
def test_a_damaged_file_is_named(tmp_path, changes):
    with pytest.raises(InputError, match=r"imp\.json' is damaged: "):
        Importance.load(saved(tmp_path, **changes))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a result of weighin"),
        (b"null", "is not a result of weighin"),
        (b'{"format": "other"}', "is not a result of weighin"),
    ],
)
def test_what_is_no_result_is_said(tmp_path, content, message):
    path = tmp_path / "imp.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"imp\.json' {message}"):
        Importance.load(path)


def test_a_cut_file_is_never_read_as_a_shorter_result(tmp_path):
    path = tmp_path / "imp.json"
    result().save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            Importance.load(path)


def test_a_missing_file_and_a_folder_are_said(tmp_path):
    for path in (tmp_path / "nothing.json", tmp_path):
        with pytest.raises(InputError, match="cannot be read: "):
            Importance.load(path)
