"""The numbers of an importance made by hand, and their frame."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from importances import HOSTILE, result, table
from weighin import InputError


def test_means_deviations_and_relative_importances():
    imp = result()
    np.testing.assert_allclose(imp.importances_mean, [0.05, 7.5, -0.375], rtol=1e-12)
    np.testing.assert_allclose(imp.importances_std, [0.05, 0.5, 0.125], rtol=1e-12)
    np.testing.assert_allclose(imp.relative, [0.004, 0.6, -0.03], rtol=1e-12)
    assert imp.n_repeats == 2


def test_relative_to_a_negative_baseline_keeps_the_sign_of_the_importance():
    np.testing.assert_allclose(result(baseline=-2.0).relative, [0.025, 3.75, -0.1875], rtol=1e-12)


def test_relative_to_a_baseline_of_zero_is_not_defined():
    imp = result(baseline=0.0)
    assert np.isnan(imp.relative).all()
    assert imp.to_frame()["relative"].isna().all()
    assert "%" not in table(imp)
    with pytest.raises(
        InputError, match=r"relative=True is not defined: the baseline is 0\. Use relative=False"
    ):
        imp.plot(relative=True)


def test_the_frame_is_tidy_the_heaviest_first():
    frame = result().to_frame()
    assert " ".join(frame.columns) == (
        "feature metric importance se se_data se_shuffle ci_lower ci_upper relative pvalue pvalue_holm few_rows rank"
    )
    assert frame["feature"].tolist() == ["spread", "week", "elo"]
    assert frame["rank"].tolist() == [1, 2, 3]
    assert frame["metric"].unique().tolist() == ["mae"]
    np.testing.assert_allclose(frame["importance"], [7.5, 0.05, -0.375], rtol=1e-12)
    assert frame[["se", "ci_lower", "pvalue"]].isna().all(axis=None)  # without moments nobody knows
    assert frame.index.tolist() == [0, 1, 2]


def test_equal_importances_keep_the_models_order_and_unknown_ones_go_last():
    imp = result(features=("a", "b", "c", "d"), importances=np.array([[math.nan], [1.0], [1.0], [2.0]]))
    assert imp.to_frame()["feature"].tolist() == ["d", "b", "c", "a"]


def test_a_result_cannot_be_changed():
    imp = result()
    with pytest.raises(dataclasses.FrozenInstanceError):
        imp.baseline = 1.0
    with pytest.raises(ValueError, match="read-only"):
        imp.importances[0, 0] = 1.0


def test_the_array_given_stays_the_callers_own():
    given_array = np.ones((3, 2))
    imp = result(importances=given_array)
    given_array[0, 0] = 5.0
    assert imp.importances[0, 0] == 1.0


@pytest.mark.parametrize("importances", [np.ones(3), np.ones((2, 2)), np.ones((3, 0))])
def test_a_result_whose_parts_do_not_fit_is_refused(importances):
    with pytest.raises(
        InputError, match=r"importances must have one row per feature and at least one column"
    ):
        result(importances=importances)


def test_the_frame_survives_hostile_names():
    imp = result(
        features=tuple(HOSTILE), importances=np.arange(len(HOSTILE), dtype=float)[:, None], groups={}
    )
    assert sorted(imp.to_frame()["feature"]) == sorted(HOSTILE)
    assert isinstance(imp.to_frame(), pd.DataFrame)


def test_what_is_said_of_the_whole_is_said_of_its_metrics_and_segments():
    whole = dataclasses.replace(result(parts=(result(metric="rmse"), result(segment=2020))), simulated=True)
    assert whole.of("rmse").simulated
    assert all(part.tell().tables[0].heading.startswith("SIMULATED DATA") for part in whole.parts)
