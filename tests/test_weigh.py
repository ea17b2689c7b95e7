"""`weigh` against a ten-line reference through fastai itself, and against closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import learners
from weighin import weigh
from weighin._samplers import MarginalSampler

FEATURES = [*learners.CATS, *learners.CONTS]


def by_brute_force(learn, frame, columns, measure, n_repeats=2, seed=0):
    """Metric on the rows, and after each swap of raw columns: fastai's own encoding and prediction, same donors."""
    with learn.no_bar(), learn.no_logging():
        pred, target = learn.get_preds(dl=learn.dls.test_dl(frame))
        scores = [measure(target, pred)]
        for r in range(n_repeats):
            swapped = frame.copy()
            for block in MarginalSampler(len(frame), n_repeats, seed).blocks():
                for column in columns:
                    giver = block.rows[block.donors[r]]
                    swapped.iloc[block.rows, frame.columns.get_loc(column)] = frame[column].array[giver]
            scores.append(measure(target, learn.get_preds(dl=learn.dls.test_dl(swapped))[0]))
    return scores[0], np.array(scores[1:])


def mean_absolute(target, pred):
    return float((pred - target).abs().mean())


def root_mean_square(target, pred):
    return float(((pred - target) ** 2).mean()) ** 0.5


def share_right(target, pred):
    return float((pred.argmax(1) == target[:, 0]).float().mean())


@pytest.mark.parametrize("feature", FEATURES)
def test_every_kind_of_feature_agrees_with_brute_force(regression, fresh_games, feature):
    imp = weigh(regression, fresh_games, features=[feature], n_repeats=2, random_state=0)
    base, swapped = by_brute_force(regression, fresh_games, [feature], mean_absolute)
    assert imp.baseline == pytest.approx(base, rel=1e-5)
    np.testing.assert_allclose(imp.importances[0], swapped - base, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "metric", "measure", "sign"),
    [
        ("regression", "rmse", root_mean_square, 1),
        ("regression", "mse", lambda t, p: float(((p - t) ** 2).mean()), 1),
        ("in_range", None, mean_absolute, 1),
        ("two_targets", None, mean_absolute, 1),
        ("only_continuous", None, mean_absolute, 1),
        ("only_categorical", None, mean_absolute, 1),
        ("loaded", None, mean_absolute, 1),
        ("classifier", "accuracy", share_right, -1),
    ],
)
def test_every_kind_of_learner_agrees_with_brute_force(request, fresh_games, name, metric, measure, sign):
    learn = request.getfixturevalue(name)
    imp = weigh(learn, fresh_games, metric=metric, n_repeats=2, random_state=0)
    for feature, row in zip(imp.features, imp.importances, strict=True):
        base, swapped = by_brute_force(learn, fresh_games, [feature], measure)
        assert imp.baseline == pytest.approx(base, rel=1e-5)
        np.testing.assert_allclose(row, sign * (swapped - base), atol=1e-5 * max(1, abs(base)))


def test_a_group_agrees_with_brute_force(regression, fresh_games):
    members = ["home_name", "rest", "spread"]
    imp = weigh(regression, fresh_games, features=[], groups={"g": members}, n_repeats=2, random_state=0)
    base, swapped = by_brute_force(regression, fresh_games, members, mean_absolute)
    np.testing.assert_allclose(imp.importances[0], swapped - base, atol=1e-5)
    assert imp.groups == {"g": tuple(members)}


def test_several_blocks_agree_with_brute_force(only_continuous):
    frame = learners.games(seed=3, n_rows=9000)
    imp = weigh(only_continuous, frame, n_repeats=2, random_state=5)
    for feature, row in zip(imp.features, imp.importances, strict=True):
        base, swapped = by_brute_force(only_continuous, frame, [feature], mean_absolute, seed=5)
        np.testing.assert_allclose(row, swapped - base, atol=1e-5)


def test_how_far_predictions_move_agrees_with_brute_force(regression, classifier, fresh_games):
    for learn in (regression, classifier):
        imp = weigh(learn, fresh_games, metric="prediction_change", n_repeats=2, random_state=0)
        assert imp.baseline == 0.0
        with learn.no_bar(), learn.no_logging():
            own = learn.get_preds(dl=learn.dls.test_dl(fresh_games))[0]
        for feature, row in zip(imp.features, imp.importances, strict=True):
            _, swapped = by_brute_force(
                learn, fresh_games, [feature], lambda target, pred, own=own: mean_absolute(own, pred)
            )
            np.testing.assert_allclose(row, swapped, atol=1e-5)


def normal(rng, n=4000):
    """Standard normal values with mean 0 and variance 1 in the sample."""
    values = rng.normal(size=n)
    return (values - values.mean()) / values.std()


def test_a_linear_network_weighs_twice_its_squared_coefficients():
    rng = np.random.default_rng(0)
    x1 = normal(rng)
    x2 = normal(rng)
    x2 = 0.9 * x1 + np.sqrt(1 - 0.81) * (x2 - x1 * (x1 @ x2) / len(x1))
    x2 /= x2.std()
    frame = pd.DataFrame({"x1": x1, "x2": x2, "y": 3 * x1 + x2})
    imp = weigh(learners.linear([3.0, 1.0], frame), frame, metric="mse", n_repeats=20, random_state=0)
    assert imp.baseline == pytest.approx(0.0, abs=1e-9)
    # 2 b^2 (1 - autocorrelation at the shift): 20 shifts of 4,000 rows leave 1 part in 200
    np.testing.assert_allclose(imp.importances_mean, [18.0, 2.0], rtol=0.01)


def test_all_shifts_of_a_linear_network_give_the_closed_form_exactly():
    rng = np.random.default_rng(1)
    m = 41
    x = normal(rng, m)
    frame = pd.DataFrame({"x": x, "y": 2 * x})
    imp = weigh(learners.linear([2.0], frame), frame, metric="mse", n_repeats=20, random_state=0)
    # shifts s and m - s give the same mean square, so 20 of 40 are all of them; a row never receives its own value
    assert imp.importances_mean[0] == pytest.approx(2 * 4 * m / (m - 1), rel=1e-5)


def test_a_duplicated_feature_counts_double_in_a_group():
    x = normal(np.random.default_rng(2))
    frame = pd.DataFrame({"x1": x, "x2": x, "y": 2 * x})
    learn = learners.linear([1.0, 1.0], frame)
    imp = weigh(learn, frame, metric="mse", groups={"both": ["x1", "x2"]}, n_repeats=6, random_state=0)
    assert imp.features == ("x1", "x2", "both")
    np.testing.assert_allclose(imp.importances_mean, [2.0, 2.0, 8.0], rtol=0.03)
    # one swap moves both: exactly four times what either does alone
    np.testing.assert_allclose(imp.importances[2], 4 * imp.importances[0], rtol=1e-5)


def test_a_feature_with_zero_weights_weighs_exactly_nothing():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"used": rng.normal(size=300), "unused": rng.normal(size=300) * 1e3, "y": rng.normal(size=300)}
    )
    learn = learners.linear([1.5, 0.0], frame)
    for metric in ("mse", "mae", "rmse", "prediction_change"):
        imp = weigh(learn, frame, metric=metric, n_repeats=5)
        assert (imp.importances[1] == 0.0).all()
        assert not np.signbit(imp.importances[1]).any()
        assert (imp.importances[0] != 0.0).all()


def test_the_missing_indicator_moves_with_its_feature(games, fresh_games):
    learn = learners.train(
        games, [], ["rest", "spread"], "margin", epochs=0, procs=[learners.Categorify, learners.FillMissing]
    )
    assert learn.dls.train_ds.x_names == ["rest_na", "rest", "spread"]
    with torch.no_grad():  # a network that sees the indicator alone
        first = next(m for m in learn.model.layers.modules() if isinstance(m, torch.nn.Linear))
        first.weight[:, learn.model.n_emb :] = 0.0
    imp = weigh(learn, fresh_games, metric="prediction_change", n_repeats=3, random_state=0)
    assert imp.features == ("rest", "spread")
    assert (imp.importances[0] > 0).all()
    assert (imp.importances[1] == 0).all()
