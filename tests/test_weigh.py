"""`weigh` against a ten-line reference through fastai itself, and what it promises besides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from fastai.losses import CrossEntropyLossFlat, L1LossFlat, MSELossFlat
from fastai.metrics import (
    F1Score,
    Perplexity,
    R2Score,
    RocAuc,
    RocAucBinary,
    accuracy,
    error_rate,
    mae,
    mse,
    rmse,
)
from sklearn import metrics as reference_metrics

import learners
import weighin
from weighin import InputError, Interrupted, MetricError, ModelError, weigh
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


def validated(learn, frame):
    """Loss and metrics by fastai itself."""
    with learn.no_bar(), learn.no_logging():
        return list(learn.validate(dl=learn.dls.test_dl(frame, bs=len(frame))))


def mean_absolute(target, pred):
    return float((pred - target).abs().mean())


def root_mean_square(target, pred):
    return float(((pred - target) ** 2).mean()) ** 0.5


def share_right(target, pred):
    return float((pred.argmax(1) == target[:, 0]).float().mean())


# the numbers


@pytest.mark.parametrize("feature", FEATURES)
def test_every_kind_of_feature_agrees_with_brute_force(regression, fresh_games, feature):
    imp = weigh(regression, fresh_games, features=[feature], n_repeats=2, random_state=0)
    base, swapped = by_brute_force(regression, fresh_games, [feature], mean_absolute)
    assert imp.baseline == pytest.approx(base, rel=1e-5)
    np.testing.assert_allclose(imp.importances[0], swapped - base, atol=1e-5)


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


def linear_table(columns, n_rows=4000):
    return pd.DataFrame({**columns, "y": sum(columns.values())}).head(n_rows)


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
    imp = weigh(learn, frame, metric="mse", groups={"both": ["x1", "x2"]}, n_repeats=5, random_state=0)
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


# metrics


@pytest.mark.parametrize("metric", [mae, mse, rmse, R2Score()], ids=["mae", "mse", "rmse", "r2"])
def test_the_baseline_of_a_regression_metric_is_validates(games, fresh_games, metric):
    learn = learners.regression(metrics=[metric])
    imp = weigh(learn, fresh_games, n_repeats=3, random_state=0)
    expected = validated(learn, fresh_games)
    assert imp.baseline == pytest.approx(expected[1], rel=1e-5)
    assert imp.greater_is_better is (imp.metric == "r2_score")
    assert imp.importances_mean[imp.features.index("spread")] > 0
    assert weigh(learn, fresh_games, metric="loss", n_repeats=1).baseline == pytest.approx(
        expected[0], rel=1e-5
    )


@pytest.mark.parametrize(
    ("target", "metric"),
    [
        ("grade", accuracy),
        ("grade", error_rate),
        ("grade", F1Score(average="macro")),
        ("grade", RocAuc()),
        ("grade", Perplexity()),
        ("won", RocAucBinary()),
        ("won", F1Score()),
        ("won", accuracy),
    ],
    ids=lambda value: getattr(value, "name", getattr(value, "__name__", str(value))),
)
def test_the_baseline_of_a_classification_metric_is_validates(games, fresh_games, target, metric):
    learn = learners.train(games, learners.CATS, learners.CONTS, target, metrics=[metric])
    imp = weigh(learn, fresh_games, n_repeats=5, random_state=0)
    expected = validated(learn, fresh_games)
    assert imp.baseline == pytest.approx(expected[1], rel=1e-5)
    assert imp.greater_is_better is (imp.metric not in ("error_rate", "perplexity"))
    # worse without the feature the target is made of, whichever direction is better
    assert imp.importances_mean[imp.features.index("spread")] > 0
    assert weigh(learn, fresh_games, metric="loss", n_repeats=1).baseline == pytest.approx(
        expected[0], rel=1e-5
    )


@pytest.mark.parametrize(
    ("target", "loss"),
    [
        ("margin", L1LossFlat()),
        ("margin", MSELossFlat()),
        ("margin", MSELossFlat(reduction="sum")),
        ("margin", torch.nn.HuberLoss()),
        ("margin", torch.nn.MSELoss(reduction="sum")),
        ("margin", L1LossFlat(reduction="sum")),
        ("grade", CrossEntropyLossFlat()),
        ("grade", CrossEntropyLossFlat(weight=torch.tensor([1.0, 5.0, 0.5]))),
        ("grade", CrossEntropyLossFlat(label_smoothing=0.1)),
        ("grade", CrossEntropyLossFlat(reduction="sum")),
    ],
    ids=repr,
)
def test_without_a_metric_the_loss_is_taken(games, fresh_games, target, loss):
    learn = learners.train(
        games, ["home_name"], ["elo", "spread"], target, loss_func=loss, epochs=0, metrics=[]
    )
    imp = weigh(learn, fresh_games, n_repeats=1, random_state=0)
    assert (imp.metric, imp.greater_is_better) == ("loss", False)
    assert imp.baseline == pytest.approx(validated(learn, fresh_games)[0], rel=1e-5)
    both = weigh(learn, fresh_games, metric=["loss", Loss(loss)], n_repeats=1, random_state=0)
    again = both.of("valid_loss")
    np.testing.assert_allclose(both.importances, again.importances, rtol=1e-4, atol=1e-5 * abs(imp.baseline))


def Loss(loss):
    """The loss as a fastai metric: no path of weighin's own."""
    from fastai.learner import AvgLoss

    class Plain(AvgLoss):
        @property
        def name(self):
            return "valid_loss"

    return Plain()


def test_a_score_gives_positive_importances_where_the_model_gets_worse(regression, fresh_games):
    score = weigh(regression, fresh_games, metric=R2Score(), n_repeats=3, random_state=0)
    error = weigh(regression, fresh_games, metric="mse", n_repeats=3, random_state=0)
    variance = fresh_games["margin"].var(ddof=0)
    np.testing.assert_allclose(score.importances, error.importances / variance, rtol=1e-3, atol=1e-5)
    assert (score.greater_is_better, error.greater_is_better) == (True, False)


def test_a_function_gets_arrays_as_a_user_sees_them(regression, classifier, fresh_games):
    seen = []

    def mean_absolute_error(y, pred):
        seen.append((y, pred))
        return reference_metrics.mean_absolute_error(y, pred)

    imp = weigh(regression, fresh_games, metric=[mean_absolute_error, "mae"], n_repeats=1, random_state=0)
    y, pred = seen[0]
    assert isinstance(y, np.ndarray)
    assert y.shape == pred.shape == (150,)
    assert sorted(y) == pytest.approx(sorted(fresh_games["margin"]), rel=1e-5)
    np.testing.assert_allclose(imp.importances, imp.of("mae").importances, atol=1e-5)

    def log_loss(y, pred):
        np.testing.assert_allclose(pred.sum(1), 1.0, rtol=1e-5)  # probabilities, not logits
        return float(-np.log(pred[np.arange(len(y)), y]).mean())

    imp = weigh(classifier, fresh_games, metric=[log_loss, "loss"], n_repeats=1, random_state=0)
    loss = imp.of("loss")
    assert imp.baseline == pytest.approx(loss.baseline, rel=1e-5)
    np.testing.assert_allclose(imp.importances, loss.importances, atol=1e-5)


def test_the_direction_of_an_unknown_function_must_be_said(regression, fresh_games):
    def oddness(y, pred):
        return float(abs(y - pred).mean())

    with pytest.raises(MetricError, match="does not guess"):
        weigh(regression, fresh_games, metric=oddness)
    low = weigh(regression, fresh_games, metric=oddness, greater_is_better=False, n_repeats=1, random_state=0)
    high = weigh(regression, fresh_games, metric=oddness, greater_is_better=True, n_repeats=1, random_state=0)
    np.testing.assert_array_equal(low.importances, -high.importances)


def test_a_metric_that_is_not_a_number_is_an_error(regression, fresh_games):
    with pytest.raises(MetricError, match="<lambda> is nan on the rows as they are"):
        weigh(regression, fresh_games, metric=lambda y, pred: np.nan, greater_is_better=False)


# seeds, repeats, batches


def test_the_same_seed_gives_the_same_numbers_and_another_gives_others(regression, fresh_games):
    one, same, other = (weigh(regression, fresh_games, n_repeats=4, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.importances, same.importances)
    assert (one.importances != other.importances).any()
    assert one.baseline == pytest.approx(other.baseline, rel=1e-6)
    assert one.random_state == 1


def test_a_seed_that_was_drawn_is_recorded_and_gives_the_numbers_again(regression, fresh_games):
    one, other = weigh(regression, fresh_games, n_repeats=2), weigh(regression, fresh_games, n_repeats=2)
    assert one.random_state != other.random_state
    again = weigh(regression, fresh_games, n_repeats=2, random_state=one.random_state)
    np.testing.assert_array_equal(one.importances, again.importances)


def test_the_global_generators_neither_matter_nor_move(regression, fresh_games):
    torch.manual_seed(0)
    one = weigh(regression, fresh_games, random_state=0, n_repeats=2)
    np.random.seed(99)
    torch.manual_seed(5)
    before = np.random.get_state()[1].copy()
    other = weigh(regression, fresh_games, random_state=0, n_repeats=2)
    np.testing.assert_array_equal(one.importances, other.importances)
    assert (np.random.get_state()[1] == before).all()


def test_more_repeats_begin_with_the_same_shuffles(regression, fresh_games):
    few = weigh(regression, fresh_games, n_repeats=2, random_state=0)
    many = weigh(regression, fresh_games, n_repeats=6, random_state=0)
    np.testing.assert_allclose(few.importances, many.importances[:, :2], atol=1e-5)
    assert many.n_repeats == 6


def test_features_alone_give_the_numbers_they_have_among_all(regression, fresh_games):
    together = weigh(regression, fresh_games, n_repeats=2, random_state=0)
    for i, name in enumerate(together.features):
        alone = weigh(regression, fresh_games, features=[name], n_repeats=2, random_state=0)
        np.testing.assert_allclose(alone.importances[0], together.importances[i], atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 149, 150, 10_000])
@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_the_batch_size_does_not_matter(regression, fresh_games, batch_size, metric):
    options = {"metric": metric, "n_repeats": 2, "random_state": 0}
    imp = weigh(regression, fresh_games, batch_size=batch_size, **options)
    np.testing.assert_allclose(
        imp.importances, weigh(regression, fresh_games, **options).importances, atol=1e-5
    )


@pytest.mark.parametrize(("n_rows", "possible"), [(2, 1), (3, 1), (4, 1), (5, 2), (20, 9)])
def test_tiny_tables_have_fewer_shuffles_and_say_so(regression, fresh_games, n_rows, possible):
    imp = weigh(regression, fresh_games.head(n_rows), n_repeats=10)
    assert imp.importances.shape == (6, possible)
    assert (
        f"{n_rows} rows allow {possible} distinct shuffle{'s' * (possible > 1)}; 10 were asked for."
        in imp.notes
    )


def test_21_rows_have_ten_shuffles_and_nothing_to_say(regression, fresh_games):
    imp = weigh(regression, fresh_games.head(21), n_repeats=10)
    assert imp.n_repeats == 10
    assert imp.notes == ()


# what the result tells


def test_the_result_says_what_was_done(regression, fresh_games):
    imp = weigh(regression, fresh_games, n_repeats=2, random_state=3)
    assert imp.n_rows == 150
    assert imp.complete is True
    assert imp.simulated is False
    assert imp.on_training_rows is None
    assert imp.model == "fastai TabularLearner (TabularModel)"
    assert imp.versions["weighin"]
    assert (
        imp.versions["torch"] == torch.__version__.partition("+")[0]
        or imp.versions["torch"] == torch.__version__
    )
    assert pd.Timestamp(imp.date).tzinfo is not None


def test_the_result_comes_back_from_its_file(regression, fresh_games, tmp_path):
    imp = weigh(regression, fresh_games, n_repeats=2, groups={"g": ["elo", "spread"]})
    imp.save(tmp_path / "imp.json")
    again = weighin.Importance.load(tmp_path / "imp.json")
    np.testing.assert_array_equal(again.importances, imp.importances)
    assert again.groups == {"g": ("elo", "spread")}
    assert str(again) == str(imp)


# arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_repeats": 0}, r'n_repeats must be "auto" or an integer >= 1, got 0\.'),
        ({"n_repeats": 2.0}, r'n_repeats must be "auto" or an integer >= 1, got 2\.0\.'),
        ({"n_repeats": True}, r'n_repeats must be "auto" or an integer >= 1, got True\.'),
        ({"n_repeats": "many"}, r'n_repeats must be "auto" or an integer >= 1, got .many.\.'),
        ({"random_state": -1}, r"random_state must be an integer >= 0 or None, got -1\."),
        ({"random_state": 1.5}, r"random_state must be an integer >= 0 or None, got 1\.5\."),
        ({"random_state": np.random.RandomState(0)}, r"random_state must be an integer >= 0 or None"),
        ({"missing": "fill"}, r"missing must be one of 'raise', 'drop', 'mean', got 'fill'\."),
        ({"batch_size": 0}, r"batch_size must be an integer >= 1 or None, got 0\."),
        ({"batch_size": 1.5}, r"batch_size must be an integer >= 1 or None, got 1\.5\."),
        ({"features": ["spred"]}, r"Unknown feature 'spred' in features\. Did you mean 'spread'\?"),
        ({"features": "spread"}, r"write \['spread'\]"),
        ({"features": []}, r"Nothing to weigh"),
        ({"groups": {"elo": ["rest"]}}, r"The group 'elo' has the name of a feature"),
    ],
)
def test_wrong_arguments_are_said(regression, fresh_games, options, message):
    with pytest.raises(InputError, match=message):
        weigh(regression, fresh_games, **options)


def test_numpy_integers_are_integers(regression, fresh_games):
    imp = weigh(
        regression, fresh_games, n_repeats=np.int64(2), random_state=np.uint8(3), batch_size=np.int32(50)
    )
    assert (imp.n_repeats, imp.random_state) == (2, 3)
    assert type(imp.random_state) is int


@pytest.mark.parametrize("thing", [object(), None, "learner.pkl", 5])
def test_what_is_no_model_is_said(fresh_games, thing):
    with pytest.raises(ModelError, match="weighin cannot read a model of type"):
        weigh(thing, fresh_games)


# when it goes wrong


def test_predictions_that_are_not_numbers_are_an_error(fresh_games):
    frame = fresh_games[["elo", "spread"]].assign(y=0.0)
    learn = learners.linear([float("nan"), 1.0], frame)
    with pytest.raises(ModelError, match="150 of 150 predictions are not finite on the rows as they are"):
        weigh(learn, frame, metric="mae")


def test_predictions_that_fail_after_a_swap_name_the_feature():
    values = np.array([0.0] * 9 + [1.0])
    frame = pd.DataFrame({"a": values, "b": values, "y": values})
    learn = learners.linear([1.0, 1.0], frame)

    class Root(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x_cat, x_cont):
            return torch.sqrt(x_cont[:, :1] - x_cont[:, 1:])  # not a number once they differ the wrong way

    learn.model = Root(learn.model)
    with pytest.raises(ModelError, match=r"predictions are not finite after swapping '[ab]'"):
        weigh(learn, frame, metric="mae")


class Stop:
    """A metric that is interrupted at its n-th call."""

    def __init__(self, at):
        self.at, self.calls = at, 0

    def __call__(self, y, pred):
        self.calls += 1
        if self.calls == self.at:
            raise KeyboardInterrupt
        return float(abs(y - pred).mean())


def test_an_interrupt_keeps_the_features_that_are_finished(regression, fresh_games):
    calls = Stop(0)
    whole = weigh(regression, fresh_games, metric=calls, greater_is_better=False, n_repeats=3, random_state=0)
    # on all rows and with each share left out: one call for the baseline, three for each feature
    third = Stop(calls.calls * (1 + 2 * 3) // (1 + 6 * 3) + 2)
    with pytest.raises(KeyboardInterrupt, match="2 of 6 features finished") as caught:
        weigh(regression, fresh_games, metric=third, greater_is_better=False, n_repeats=3, random_state=0)
    assert isinstance(caught.value, Interrupted)
    part = caught.value.result
    assert part.complete is False
    assert part.features == whole.features[:2]
    np.testing.assert_array_equal(part.importances, whole.importances[:2])
    assert "PARTIAL, 2 features finished" in str(part)


def test_an_interrupt_before_the_first_feature_leaves_nothing(regression, fresh_games):
    with pytest.raises(KeyboardInterrupt) as caught:
        weigh(regression, fresh_games, metric=Stop(1), greater_is_better=False)
    assert not isinstance(caught.value, Interrupted)


def test_an_interrupt_is_not_swallowed_by_except_exception():
    assert not issubclass(Interrupted, Exception)


def test_an_interrupt_of_the_progress_bar_gives_back_the_learner(regression, fresh_games, monkeypatch):
    from rich.progress import Progress

    def interrupt(bar, task, work=1):
        if work:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "advance", interrupt)
    modes = [module.training for module in regression.model.modules()]
    with pytest.raises(KeyboardInterrupt) as caught:
        weigh(regression, fresh_games, n_repeats=2)
    assert [module.training for module in regression.model.modules()] == modes
    assert isinstance(caught.value, Interrupted)
    assert caught.value.result.complete is False


def test_progress_is_shown_where_a_terminal_is(games, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it as a terminal
    frame = games[["spread", "margin"]].rename(columns={"spread": "[/red] :smiley: [bold]"})
    learn = learners.linear([1.0], frame, y_name="margin")
    weigh(learn, frame, metric="mae", n_repeats=2, progress=True)
    assert "Weighing" in capsys.readouterr().err


def test_no_progress_unless_somebody_can_see_it(regression, fresh_games, capsys):
    weigh(regression, fresh_games, n_repeats=1)
    weigh(regression, fresh_games, n_repeats=1, progress=False)
    assert capsys.readouterr() == ("", "")
