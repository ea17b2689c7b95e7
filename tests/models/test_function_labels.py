"""Functions that predict labels: how they are read, and that shuffles change labels, not amounts."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from swaps import donor_rows
from weighin import ModelError, effects, weigh
from weighin._samplers import MarginalSampler

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))


def test_text_without_a_target_is_labels_that_change() -> None:
    def text(x: Any) -> Any:
        # some labels are predicted after swaps only
        return np.array([f"{a > 0}{b:.1f}" for a, b in zip(x[:, 0], x[:, 0] + x[:, 1], strict=True)])

    for options in ({}, {"outputs": "label"}):
        found = weigh(text, X, metric="prediction_change", n_repeats=2, random_state=0, **options)
        donors = donor_rows(MarginalSampler(len(X), 2, 0))
        for column in range(X.shape[1]):
            for repeat in range(2):
                swapped = X.copy()
                swapped[:, column] = X[donors[repeat], column]
                share = np.mean(text(swapped) != text(X))
                assert found.importances[column, repeat] == pytest.approx(share, abs=1e-12)


def test_few_whole_numbers_without_a_target_are_told_how_they_are_read() -> None:
    def three(x: Any) -> Any:
        return np.digitize(x[:, 0], [-0.5, 0.5])

    (note,) = weigh(three, X, metric="prediction_change", random_state=0).notes
    assert "whole numbers ('0', '1', '2') and are read as numbers" in note
    assert "outputs='label'" in note
    for outputs in ("label", "number"):
        assert weigh(three, X, metric="prediction_change", random_state=0, outputs=outputs).notes == ()
    assert weigh(lambda x: three(x) + 0.5, X, metric="prediction_change", random_state=0).notes == ()
    rare = X.copy()
    rare[-1, 0] = 9.5
    assert weigh(lambda x: np.where(x[:, 0] > 9, 0.5, three(x)), rare, metric="prediction_change").notes == ()


@pytest.mark.parametrize("said", [{}, {"outputs": "label"}, {"classes": ["no", "yes"]}])
def test_labels_in_text_beside_a_target_of_text(said):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 2)), columns=["a", "b"])
    y = np.where(X["a"] + 0.3 * X["b"] > 0, "yes", "no")
    imp = weigh(lambda rows: np.where(rows["a"] > 0, "yes", "no"), X, y, random_state=0, **said)
    assert imp.metric == "accuracy"
    assert imp.baseline == np.mean(np.where(X["a"] > 0, "yes", "no") == y)
    assert imp.importances_mean[0] > 0.1
    assert imp.importances_mean[1] == 0


class PredictsText:
    """An estimator without any mark of a classifier, as wrappers for prediction sets are."""

    def predict(self, rows: pd.DataFrame) -> Any:
        return np.where(rows["a"] > 0, "yes", "no")


class KnowsProbabilities(PredictsText):
    def predict_proba(self, rows: pd.DataFrame) -> Any:
        raise AssertionError("nobody knows in which order")


@pytest.mark.parametrize(
    "model", [PredictsText(), KnowsProbabilities()], ids=lambda model: type(model).__name__
)
def test_an_estimator_that_predicts_text_on_a_target_of_text(model: Any) -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 2)), columns=["a", "b"])
    y = np.where(X["a"] + 0.3 * X["b"] > 0, "yes", "no")
    imp = weigh(model, X, y, random_state=0)
    assert imp.metric == "accuracy"
    assert imp.baseline == np.mean(model.predict(X) == y)
    assert imp.importances_mean[0] > 0.1
    assert imp.importances_mean[1] == 0


class Both(PredictsText):
    """A booster of numbers and of classes, which lists no classes where it predicts numbers."""

    classes_: ClassVar[list[str]] = []

    def predict(self, rows: pd.DataFrame) -> Any:
        return 3 * rows["a"].to_numpy()

    def predict_proba(self, rows: pd.DataFrame) -> Any:
        raise AssertionError("there are none")


def test_a_list_of_no_classes_is_no_classifier() -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 2)), columns=["a", "b"])
    imp = weigh(Both(), X, 3 * X["a"], random_state=0)
    assert (imp.metric, imp.baseline) == ("mae", 0.0)
    assert imp.importances_mean[0] > 1


def test_labels_of_an_estimator_without_marks_have_effects_and_may_be_listed() -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 2)), columns=["a", "b"])
    y = np.where(X["a"] + 0.3 * X["b"] > 0, "yes", "no")
    curve = effects(PredictsText(), X, random_state=0)["a"]
    assert curve.direction == "rises"
    found = [
        weigh(PredictsText(), X, y, random_state=0, classes=classes) for classes in (None, ["yes", "no"])
    ]
    assert found[0].baseline == found[1].baseline
    assert (found[0].importances == found[1].importances).all()
    moved = weigh(PredictsText(), X, metric="prediction_change", random_state=0)
    assert 0.3 < moved.importances_mean[0] < 0.7


def test_a_label_that_only_swaps_bring_is_asked_for() -> None:
    class Rare:
        def predict(self, rows: pd.DataFrame) -> Any:
            return np.where((rows["a"] > 1) & (rows["b"] > 1), "both", np.where(rows["a"] > 1, "one", "none"))

    a = np.repeat([0.0, 2.0], 40)
    X = pd.DataFrame({"a": a, "b": a[::-1]})
    with pytest.raises(
        ModelError, match=r"predicts 'both' after a swap.*List all labels: classes=\['none', 'one', 'both'\]"
    ):
        weigh(Rare(), X, Rare().predict(X), random_state=0)
    imp = weigh(Rare(), X, Rare().predict(X), random_state=0, classes=["none", "one", "both"])
    assert imp.baseline == 1.0
    assert (imp.importances_mean > 0.2).all()
