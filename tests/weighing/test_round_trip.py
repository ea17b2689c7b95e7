"""Whatever was asked, a file gives it back; two parts of a plan make the whole; Ctrl-C keeps what is finished."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from lines import FEATURES, line, table, weigh

import weighin
from weighin import Importance, InputError, Interrupted

FRAME, Y = table(600)
FRAME = FRAME.assign(year=np.arange(600) % 3 + 2015)
LABELS = np.where(FRAME["year"] == 2015, 1, (Y > 0) * 1)

ASKED = {
    "several metrics by year, one of them without numbers for 2015": (
        LABELS, {"metric": ["roc_auc", "average_precision", "r2", "mae"], "by": "year", "n_repeats": 3},
    ),
    "strata and weights": (Y, {"within": "year", "sample_weight": np.arange(600) + 1.0, "metric": ["rmse", "mae"]}),
    "many strata": (Y, {"within": np.arange(600) // 5, "n_repeats": 2}),
    "auto": (Y, {}),
    "one shuffle": (Y, {"n_repeats": 1}),
    "rows kept": (Y, {"keep_rows": True, "n_repeats": 2}),
    "groups": (Y, {"groups": {"both": ["a", "b"]}, "n_repeats": 2}),
    "a maximum": (Y, {"metric": "neg_max_error", "n_repeats": 2}),
}  # fmt: skip


def same(one: Importance, other: Importance) -> None:
    for entry in dataclasses.fields(Importance):
        mine, theirs = getattr(one, entry.name), getattr(other, entry.name)
        if entry.name == "parts":
            for part, read in zip(mine, theirs, strict=True):
                same(part, read)
        elif entry.name == "kept":
            assert (mine is None) == (theirs is None)
            for name, values in (mine.arrays() if mine else {}).items():
                np.testing.assert_array_equal(getattr(theirs, name), values)
        elif isinstance(mine, np.ndarray | float):
            np.testing.assert_array_equal(theirs, mine)
        else:
            assert (theirs, type(theirs)) == (mine, type(mine)), entry.name
    np.testing.assert_array_equal(other.interval(0.8), one.interval(0.8))
    np.testing.assert_array_equal(other.pvalue, one.pvalue)


@pytest.mark.slow
@pytest.mark.parametrize("what", ASKED)
def test_a_file_gives_back_everything(what, tmp_path):
    y, options = ASKED[what]
    imp = weigh(FRAME, y, **options)
    imp.save(tmp_path / "imp.json")
    again = Importance.load(tmp_path / "imp.json")
    same(imp, again)
    assert again.to_frame().equals(imp.to_frame())
    assert (tmp_path / "imp.npz").exists() == (what == "rows kept")


def test_a_file_gives_back_stages_of_precision(tmp_path):
    frame, y = table(30_000)
    imp = weigh(frame, y, precision=0.02, metric=["mae", "r2"])
    imp.save(tmp_path / "imp.json")
    again = Importance.load(tmp_path / "imp.json")
    same(imp, again)
    assert again.difference("a", "b") == imp.difference("a", "b")
    assert (tmp_path / "imp.json").stat().st_size < 100_000


@pytest.mark.parametrize("version", [0, 1, 3, "2", None, True])
def test_other_versions_are_refused(version, tmp_path):
    path = tmp_path / "imp.json"
    weigh(FRAME, Y, n_repeats=1).save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": version}))
    with pytest.raises(
        InputError, match=r"of the format 'weighin\.importance'; this weighin reads version 2"
    ):
        Importance.load(path)


@pytest.mark.parametrize(
    "damage",
    [
        {"evidence": [{"estimate": [1.0], "without": [[1.0]], "sizes": [1, 2], "changed": [1]}]},
        {"evidence": [{"measured": [], "n_units": 3}]},
        {"evidence": [{"strata": []}]},
        {"parts": [{"metric": 3}]},
    ],
)
def test_damaged_evidence_is_refused(damage, tmp_path):
    path = tmp_path / "imp.json"
    weigh(FRAME, Y, n_repeats=1).save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **damage}))
    with pytest.raises(InputError, match=r"damaged|evidence"):
        Importance.load(path)


@pytest.mark.slow
def test_parts_of_a_plan_make_the_whole_metrics_and_segments_included():
    options = {"metric": ["roc_auc", "average_precision", "mae"], "by": "year", "n_repeats": 3}
    whole = weigh(FRAME, LABELS, **options)
    first, rest = (weigh(FRAME, LABELS, features=some, **options) for some in (["a"], ["b", "c"]))
    joined = first.merge(rest)
    for metric in whole.metrics:
        for segment in (None, *whole.segments):
            mine, theirs = joined.of(metric, segment), whole.of(metric, segment)
            np.testing.assert_allclose(mine.importances, theirs.importances, rtol=1e-12)
            np.testing.assert_allclose(mine.se, theirs.se, rtol=1e-6, atol=1e-12)
    with pytest.raises(InputError, match="not measured together"):
        joined.difference("a", "b")
    with pytest.raises(InputError, match="cannot be merged: n_repeats"):
        first.merge(weigh(FRAME, LABELS, features=["b"], **{**options, "n_repeats": 4}))


def interrupting(after: int):
    """A model that is interrupted at a call."""
    calls = []

    def model(rows):
        calls.append(len(rows))
        if len(calls) > after:
            raise KeyboardInterrupt
        return line(rows)

    return model


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["mae", "roc_auc", ["average_precision", "mae"]])
def test_ctrl_c_at_any_call_keeps_what_is_finished_or_goes_on(metric):
    before = FRAME.copy()
    whole = weigh(FRAME, LABELS, metric=metric)
    for after in range(1, 40, 6):
        try:
            imp = weigh(FRAME, LABELS, interrupting(after), metric=metric)
        except Interrupted as stopped:
            imp = stopped.result
            assert not imp.complete
        except KeyboardInterrupt:
            continue
        else:
            np.testing.assert_array_equal(imp.importances, whole.importances)
        assert imp.features + imp.unfinished == tuple(FEATURES)
        assert imp.importances.shape == (len(imp.features), imp.n_repeats)
        assert np.isfinite(imp.importances).all()
    assert FRAME.equals(before)


def test_ctrl_c_while_scoring_keeps_the_features_scored():
    calls = []

    def score(y, pred):
        calls.append(1)
        if len(calls) == 150:
            raise KeyboardInterrupt
        return float(np.median(abs(y - pred)))

    with pytest.raises(Interrupted, match=r"\d of 3 features finished") as stopped:
        weigh(FRAME, Y, metric=score, greater_is_better=False, n_repeats=3)
    assert stopped.value.result.features == ("a",)
    assert stopped.value.result.ci_lower[0] > 0


def test_an_error_of_the_users_metric_is_theirs():
    before = FRAME.copy()
    with pytest.raises(ZeroDivisionError):
        weigh(FRAME, Y, metric=lambda y, pred: 1 / 0, greater_is_better=True)
    assert FRAME.equals(before)


@pytest.mark.parametrize("level", [0, 1, -1, 95, "x", None, float("nan"), True])
def test_levels_are_between_0_and_1(level):
    imp = weigh(FRAME, Y, n_repeats=1)
    for view in (imp.interval, imp.relative_interval, lambda level: imp.to_frame(confidence_level=level)):
        with pytest.raises(InputError, match="confidence_level must be between 0 and 1"):
            view(level)


@pytest.mark.parametrize("y", [[1, 2], "margin", np.full(600, np.nan), ["a"] * 600, 3.0])
def test_a_target_that_is_none_is_refused(y):
    with pytest.raises(InputError, match=r"^y"):
        weighin.weigh(line, FRAME, y)
