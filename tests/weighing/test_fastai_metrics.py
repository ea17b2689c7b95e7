"""Every metric of fastai: as ``learn.validate`` gives it, or a message that helps."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from functools import cache

import fastai.metrics
import numpy as np
import pytest
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import APScoreBinary, LossMetric, RocAucBinary, accuracy, mae

import learners
import weighin
from weighin import MetricError, WeighinError, weigh

# every metric is tried on networks trained for it
pytestmark = pytest.mark.slow

NOT_METRICS = {"AccumMetric", "skm_to_fastai", "optim_metric", "ActivationType"}
NEED = {
    "FBeta": {"beta": 2},
    "FBetaMulti": {"beta": 2},
    "LossMetric": {"attr": "y"},
    "LossMetrics": {"attrs": "y"},
}
NAMES = [name for name in fastai.metrics.__all__ if name not in NOT_METRICS]
ROWS = learners.games(seed=7, n_rows=120)


@cache
def learner(kind):
    frame = learners.games()
    if kind == "several labels":
        from fastai.data.block import MultiCategoryBlock

        frame = with_labels(frame)
        names = ["wins", "high", "close"]
        block = MultiCategoryBlock(encoded=True, vocab=names)
        return learners.train(frame, learners.CATS, learners.CONTS, names, y_block=block, n_out=3)
    target = {"numbers": "margin", "three classes": "grade", "two classes": "won"}[kind]
    return learners.train(frame, learners.CATS, learners.CONTS, target)


def with_labels(frame):
    return frame.assign(wins=frame["margin"] > 7, high=frame["total"] > 49, close=abs(frame["margin"]) < 10)


def made(name):
    """The metric as a user writes it."""
    entry = getattr(fastai.metrics, name)
    return entry(**NEED.get(name, {})) if inspect.isclass(entry) or name[:1].isupper() else entry


def validated(learn, rows, metric):
    """By fastai itself; None where it cannot."""
    held, learn.metrics = learn.metrics, [metric]
    try:
        with learn.no_bar(), learn.no_logging(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(learn.validate(dl=learn.dls.test_dl(rows, bs=len(rows)))[1])
    except Exception:
        return None
    finally:
        learn.metrics = held


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, kind) for name in NAMES for kind in ("numbers", "two classes", "three classes")),
        *((name, "several labels") for name in NAMES if name.lower().endswith("multi")),
    ],
)
@pytest.mark.filterwarnings("ignore")  # of scikit-learn, on what the metrics of fastai hand it
def test_every_metric_runs_as_in_fastai_or_says_why_not(name, kind):
    rows = with_labels(ROWS) if kind == "several labels" else ROWS
    learn = learner(kind)
    expected = validated(learn, rows, made(name))
    if expected is None or not np.isfinite(expected):
        with contextlib.suppress(WeighinError):  # no error of anybody else's
            weigh(learn, rows, metric=made(name), features=["spread"], n_repeats=1, random_state=0)
        return
    try:
        imp = weigh(learn, rows, metric=made(name), features=["spread", "week"], n_repeats=1, random_state=0)
    except MetricError as error:
        told = str(error)
        assert "greater_is_better" in told or "one of several outputs" in told or "largest of several" in told
        return
    assert imp.baseline == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert imp.features == ("week", "spread")


def test_most_metrics_know_their_direction():
    unknown = []
    for name in NAMES:
        metric = made(name)
        called = getattr(metric, "name", getattr(metric, "__name__", ""))
        try:
            weighin._metrics.direction(called)
        except MetricError:
            unknown.append(name)
    assert set(unknown) <= {"CorpusBLEUMetric", "LossMetric", "LossMetrics"}


def test_the_learner_gives_its_metrics_by_name():
    learn = learners.train(
        learners.games(), learners.CATS, learners.CONTS, "won", metrics=[accuracy, RocAucBinary()]
    )
    imp = weigh(learn, ROWS, metric=["accuracy", "roc_auc_score", "loss"], random_state=0)
    assert imp.metrics == ("accuracy", "roc_auc_score", "loss")
    assert (imp.of("roc_auc_score").ci_lower[-1], imp.of("loss").ci_lower[-1]) > (0, 0)


def test_weights_of_the_area_and_of_counts_are_those_of_scikit_learn():
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    learn, weights = learner("two classes"), np.random.default_rng(0).gamma(2, size=len(ROWS))
    with learn.no_bar():
        probability, target = learn.get_preds(dl=learn.dls.test_dl(ROWS))
    truth = target.numpy().ravel()
    for metric, expected in (
        (RocAucBinary(), roc_auc_score(truth, probability[:, 1], sample_weight=weights)),
        (APScoreBinary(), average_precision_score(truth, probability[:, 1], sample_weight=weights)),
        (fastai.metrics.F1Score(), f1_score(truth, probability.argmax(1), sample_weight=weights)),
    ):
        imp = weigh(learn, ROWS, metric=metric, sample_weight=weights, n_repeats=2, random_state=0)
        assert imp.baseline == pytest.approx(expected, rel=1e-5)
        assert imp.se[-1] > 0


def test_the_area_is_that_of_probabilities_where_many_are_zero_or_one():
    learn = learners.train(learners.games(), learners.CATS, learners.CONTS, "won")
    learn.model.layers[-1][0].weight.data.mul_(1000)
    plain, weighted = (
        weigh(learn, ROWS, metric=RocAucBinary(), sample_weight=weights, n_repeats=2, random_state=0)
        for weights in (None, np.ones(len(ROWS)))
    )
    assert plain.baseline == pytest.approx(weighted.baseline)


def test_a_part_of_the_loss_is_read_from_the_loss():
    class Halved(CrossEntropyLossFlat):
        def __call__(self, pred, target):
            self.half = super().__call__(pred, target) / 2
            return 2 * self.half

    learn = learners.train(learners.games(), learners.CATS, learners.CONTS, "won", loss_func=Halved())
    expected = validated(learn, ROWS, LossMetric("half"))
    imp = weigh(learn, ROWS, metric=LossMetric("half"), greater_is_better=False, n_repeats=1, random_state=0)
    assert imp.baseline == pytest.approx(expected, rel=1e-5)


def test_the_learners_own_metrics_keep_their_state(regression, fresh_games):
    before = [metric.name for metric in regression.metrics]
    weigh(regression, fresh_games, metric=[mae, "rmse", "r2"], n_repeats=1, random_state=0)
    assert [metric.name for metric in regression.metrics] == before
