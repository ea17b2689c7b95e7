"""Intervals as a user gets them: from `weigh` to the table, the chart and the file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import weighin
from weighin._display import charts as _plots

N = 400


def model(x: np.ndarray) -> np.ndarray:
    return 2 * x[:, 0] + 0.5 * x[:, 1]


def rows(seed: int, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return x, model(x) + rng.normal(size=n)


@pytest.fixture(scope="module")
def imp() -> weighin.Importance:
    return weighin.weigh(model, *rows(0), metric="mse", random_state=0)


@pytest.mark.slow
def test_most_intervals_hold_the_truth() -> None:
    """2 b^2 for squared errors: 8 and 0.5. Of 100 intervals of 95 %, 88 miss with a probability below 1 in 1,000."""
    held = np.zeros(2)
    for seed in range(100):
        lower, upper = weighin.weigh(
            model, *rows(seed), metric="mse", n_repeats=5, random_state=seed
        ).interval()
        held += (lower[:2] <= [8, 0.5]) & (upper[:2] >= [8, 0.5])
    assert (held >= 88).all()


def test_the_standard_error_is_that_of_the_closed_form() -> None:
    """V1 = 6, V2 = 2, C = 2, Ve = 8 for b = 1 and noise of variance 1: n Var = 12 + 8/R."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 1))
    y = x[:, 0] + rng.normal(size=20_000)
    alone = weighin.weigh(lambda x: x[:, 0], x, y, metric="mse", n_repeats=5, random_state=0)
    assert 20_000 * alone.se[0] ** 2 == pytest.approx(12 + 8 / 5, rel=0.1)
    assert 20_000 * alone.se_shuffle[0] ** 2 == pytest.approx(8 / 5, rel=0.1)


def test_what_a_model_never_changes_by_is_exactly_zero(imp: weighin.Importance) -> None:
    assert (imp.ci_lower[2], imp.ci_upper[2], imp.pvalue[2]) == (0.0, 0.0, 1.0)


def test_a_higher_level_gives_a_wider_interval(imp: weighin.Importance) -> None:
    narrow, wide = imp.interval(0.5), imp.interval(0.99)
    assert (wide[0][:2] < narrow[0][:2]).all()
    assert (wide[1][:2] > narrow[1][:2]).all()
    frame = imp.to_frame(confidence_level=0.99)
    np.testing.assert_array_equal(frame["ci_lower"], wide[0])


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, float("nan")])
def test_a_level_is_between_0_and_1(imp: weighin.Importance, level: float) -> None:
    with pytest.raises(weighin.InputError, match="confidence_level must be between 0 and 1"):
        imp.interval(level)


def test_pvalues_and_their_adjustment(imp: weighin.Importance) -> None:
    frame = imp.to_frame().set_index("feature")
    assert frame.loc["x0", "pvalue"] < 1e-10
    assert (frame["pvalue_holm"] >= frame["pvalue"]).all()
    assert frame["few_rows"].tolist() == [False, False, True]


def test_a_difference_has_its_own_interval(imp: weighin.Importance) -> None:
    apart, mirrored = imp.difference("x0", "x1"), imp.difference("x1", "x0")
    assert apart.difference == pytest.approx(imp.importances_mean[0] - imp.importances_mean[1])
    assert apart.ci_lower < 7.5 < apart.ci_upper
    assert 0 < apart.se < 1.1 * np.hypot(*imp.se[:2])
    assert (apart.ci_upper - apart.ci_lower) / (2 * 1.96) == pytest.approx(apart.se, rel=0.1)
    assert mirrored.se == pytest.approx(apart.se)
    assert (mirrored.difference, mirrored.ci_lower, mirrored.ci_upper) == pytest.approx(
        (-apart.difference, -apart.ci_upper, -apart.ci_lower)
    )
    narrow = imp.difference("x0", "x1", confidence_level=0.5)
    assert apart.ci_lower < narrow.ci_lower < narrow.ci_upper < apart.ci_upper


def test_a_difference_tells_itself_in_a_sentence(imp: weighin.Importance) -> None:
    apart = imp.difference("x0", "x1")
    told = re.fullmatch(r"x0 weighs (\S+) more than x1 \(mse, 95% interval (\S+) to (\S+)\)\.", repr(apart))
    assert told
    size, low, high = map(float, told.groups())
    assert (size, low, high) == (
        pytest.approx(apart.difference, abs=0.05),
        pytest.approx(apart.ci_lower, abs=0.05),
        pytest.approx(apart.ci_upper, abs=0.05),
    )
    mirrored = repr(imp.difference("x1", "x0", confidence_level=0.5))
    assert re.fullmatch(r"x1 weighs \S+ less than x0 \(mse, 50% interval \S+ to \S+\)\.", mirrored)
    assert "cannot be told apart" in repr(imp.difference("x1", "x1"))


def test_one_feature_has_its_numbers_under_its_name(imp: weighin.Importance) -> None:
    numbers, row = imp["x1"], imp.to_frame().set_index("feature").loc["x1"]
    for name in (
        "importance",
        "se",
        "ci_lower",
        "ci_upper",
        "relative",
        "pvalue",
        "pvalue_holm",
        "rank",
        "metric",
    ):
        assert getattr(numbers, name) == row[name], name
    assert (numbers.feature, numbers.rank, numbers.few_rows) == ("x1", 2, False)
    assert re.match(r"x1: mse worse by \S+ \(95% interval \S+ to \S+\), \S+% of the baseline", repr(numbers))
    with pytest.raises(weighin.InputError, match="Unknown feature 'x9'"):
        imp["x9"]


def test_one_feature_says_what_the_table_says_of_it() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    y = 3 * x[:, 0] + rng.normal(size=300)
    model = lambda x: 3 * x[:, 0] + 0.02 * x[:, 1]  # noqa: E731
    imp = weighin.weigh(model, x, y, metric="mae", n_repeats=5, random_state=0)
    assert [imp[name].claim for name in imp.features] == ["heavier", "", ""]
    assert repr(imp["x1"]).endswith("rank 3: cannot be told apart from zero")
    assert repr(imp["x2"]) == "x2: mae worse by 0 (no shuffle changed it), 0% of the baseline, rank 2"
    without = weighin.weigh(model, x, y, metric="max_error", n_repeats=5, random_state=0)
    assert "(no interval)" in repr(without["x0"])
    assert "adjusted p" not in repr(without["x0"])
    moves = weighin.weigh(model, x, metric="prediction_change", n_repeats=5, random_state=0)
    assert re.match(r"x0: prediction moves by \S+ \(95% interval \S+ to \S+\), adjusted p", repr(moves["x0"]))


def test_differences_need_two_known_features(imp: weighin.Importance) -> None:
    with pytest.raises(weighin.InputError, match="Unknown feature 'x9'"):
        imp.difference("x0", "x9")


def test_a_score_that_grows_with_quality_has_the_same_interval_mirrored() -> None:
    x, y = rows(3)
    labels = (y > 0).astype(int)
    kinds = {
        name: weighin.weigh(Sign(), x, labels, metric=name, random_state=0)
        for name in ("accuracy", "error_rate")
    }
    np.testing.assert_allclose(kinds["accuracy"].interval(), kinds["error_rate"].interval(), atol=1e-12)
    assert kinds["accuracy"].ci_lower[0] > 0


class Sign:
    """A classifier by the sign of the model."""

    classes_ = np.array([0, 1])
    _estimator_type = "classifier"

    def predict(self, x: np.ndarray) -> np.ndarray:
        return (model(x) > 0).astype(int)

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        up = 1 / (1 + np.exp(-model(x)))
        return np.column_stack([1 - up, up])


def test_the_root_of_a_mean_is_linearised() -> None:
    x, y = rows(5, 4_000)
    squared = weighin.weigh(model, x, y, metric=["mse", "rmse"], random_state=0)
    root = squared.of("rmse")
    after = root.baseline + root.importances_mean
    np.testing.assert_allclose(after**2, squared.baseline + squared.importances_mean, rtol=1e-9)
    # the delta method by hand, with the noise of the baseline left out: close where a feature matters
    assert root.se[0] == pytest.approx(squared.se[0] / (2 * after[0]), rel=0.2)


def largest(y: np.ndarray, pred: np.ndarray) -> float:
    return float(np.median(np.abs(y - pred)))


def test_a_metric_of_unknown_kind_leaves_out_blocks() -> None:
    x, y = rows(1, 1_000)
    imp = weighin.weigh(model, x, y, metric=[largest, "mae"][:1], greater_is_better=False, random_state=0)
    assert (imp.ci_lower[:2] > 0).all()
    assert imp.interval()[0][0] < imp.importances_mean[0] < imp.interval()[1][0]
    frame = imp.to_frame().set_index("feature")
    assert not frame["few_rows"][["x0", "x1"]].any()
    assert (frame["importance"]["x2"], frame["se"]["x2"]) == (
        0.0,
        0.0,
    )  # no prediction moves: exactly nothing
    apart = imp.difference("x0", "x1")
    assert apart.difference == pytest.approx(imp.importances_mean[0] - imp.importances_mean[1])
    assert apart.ci_lower < apart.difference < apart.ci_upper


def test_too_few_rows_to_leave_any_out_give_no_interval() -> None:
    x, y = rows(1, 11)
    worst = weighin.weigh(model, x, y, metric=largest, greater_is_better=False, n_repeats=5, random_state=0)
    assert np.isnan(worst.ci_lower).all()
    assert "± shuffling" in str(worst)
    with pytest.raises(weighin.InputError, match="has no intervals"):
        worst.difference("x0", "x1")


def test_the_file_keeps_every_interval(imp: weighin.Importance, tmp_path: Path) -> None:
    imp.save(tmp_path / "imp.json")
    again = weighin.Importance.load(tmp_path / "imp.json")
    assert again.evidence == imp.evidence
    np.testing.assert_array_equal(again.interval(0.9), imp.interval(0.9))


def test_parts_of_one_plan_keep_their_intervals(imp: weighin.Importance) -> None:
    x, y = rows(0)
    first = weighin.weigh(model, x, y, metric="mse", features=["x0"], n_repeats=imp.n_repeats, random_state=0)
    rest = weighin.weigh(
        model, x, y, metric="mse", features=["x1", "x2"], n_repeats=imp.n_repeats, random_state=0
    )
    joined = first.merge(rest)
    np.testing.assert_allclose(joined.interval(), imp.interval(), rtol=1e-9, atol=1e-12)
    with pytest.raises(weighin.InputError, match="not measured together"):
        joined.difference("x0", "x1")


def test_threads_and_chunks_do_not_move_an_interval(imp: weighin.Importance) -> None:
    x, y = rows(0)
    other = weighin.weigh(model, x, y, metric="mse", random_state=0, batch_size=7, n_jobs=2)
    np.testing.assert_allclose(other.interval(), imp.interval(), rtol=1e-9, atol=1e-12)


def test_the_table_and_the_chart_show_it(imp: weighin.Importance, axes: object) -> None:
    assert "95% interval" in str(imp)
    imp.plot(ax=axes)
    (whiskers,) = axes.collections  # type: ignore[attr-defined]
    ends = np.array([segment[:, 0] for segment in whiskers.get_segments()])
    np.testing.assert_allclose(ends, np.column_stack(imp.interval())[:2])  # no prediction moves by x2
    pale = [bar.get_alpha() == _plots.PALE for bar in axes.patches]  # type: ignore[attr-defined]
    assert pale == [False, False, True]
