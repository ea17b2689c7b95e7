"""Importances in parts of the baseline."""

from __future__ import annotations

import numpy as np
import pytest
from shuffles import donors

import weighin
from weighin._inference import LINKS, Means, Moments, infer

B = 1.2  # y = x + e, the model says B x
BEFORE, AFTER = (1 - B) ** 2 + 1, (1 + B**2) + 1
TRUTH = {
    "identity": (AFTER - BEFORE) / BEFORE,
    "root": (AFTER**0.5 - BEFORE**0.5) / BEFORE**0.5,
    "r2": (AFTER - BEFORE) / 2 / (1 - BEFORE / 2),
}


@pytest.mark.parametrize("link", LINKS.values(), ids=str)
def test_a_link_gives_the_metric_and_takes_it_back(link):
    losses, spread = np.array([0.2, 1.0, 2.3]), 1.7
    values = link.value(losses, spread)
    np.testing.assert_allclose(link.inverse(values, spread), losses)
    before, after = np.array([losses[0], spread]), losses[1:] - losses[0]
    change, _, _ = link.change(Means(after, before))
    base, _ = link.baseline(before)
    np.testing.assert_allclose(change + base, values[1:])
    assert base == pytest.approx(values[0])
    assert link == type(link)()
    assert (str(link), LINKS[str(link)]) == (link.name, link)


@pytest.mark.parametrize("link", LINKS.values(), ids=str)
def test_values_per_row_average_to_the_metric(link):
    losses = np.array([0.2, 1.0, 2.3])
    metric = float(link.value(losses.mean(), 1.7))
    values = link.values_per_row(losses, metric)
    assert values is None or values.mean() == pytest.approx(metric)


@pytest.mark.parametrize("link", TRUTH)
def test_intervals_hold_the_truth(link):
    """Of 300 intervals of 95 %, at least 271 hold with a probability above 0.999."""
    held, sign = 0, -1.0 if link == "r2" else 1.0
    give = donors(300, 5)
    for seed in range(300):
        x, e = np.random.default_rng(seed).normal(size=(2, 300))
        y = x + e
        loss = (y - B * x) ** 2
        rows = np.stack([loss, (y - y.mean()) ** 2]) if link == "r2" else loss
        moments = Moments.of(((y - B * x[give]) ** 2 - loss)[None], give, rows)
        (low,), (high,) = infer(moments, LINKS[link].relative, sign=sign).interval()
        held += low <= TRUTH[link] <= high
    assert held >= 271


PLACES = [*((name, (2.3, 1.7)) for name in LINKS), ("identity", (-2.3, 1.7))]


@pytest.mark.parametrize(("link", "rows"), PLACES)
def test_derivatives_are_those_of_small_steps(link, rows):
    rows = np.array(rows)
    means = Means(np.array([0.4, 0.9]), rows)
    function = LINKS[link].relative
    _, by_change, by_rows = function(means)
    h = 1e-6
    for k in range(2):
        step = np.eye(2)[k] * h
        change = function(Means(means.change + step, rows))[0] - function(Means(means.change - step, rows))[0]
        assert by_change[k] == pytest.approx(change[k] / (2 * h), rel=1e-5)
        moved = function(Means(means.change, rows + step))[0] - function(Means(means.change, rows - step))[0]
        np.testing.assert_allclose(by_rows[:, k], moved / (2 * h), rtol=1e-5, atol=1e-8)


def model(x):
    return 2 * x[:, 0] + 0.5 * x[:, 1]


def weigh(**options) -> weighin.Importance:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    y = model(x) + rng.normal(size=300)
    return weighin.weigh(model, x, y, **{"n_repeats": 5, "random_state": 0, **options})


@pytest.mark.parametrize("metric", ["mae", "mse", "rmse", "r2"])
def test_a_result_knows_how_sure_its_parts_are(metric):
    imp = weigh(metric=metric)
    lower, upper = imp.relative_interval()
    assert (lower[:2] < imp.relative[:2]).all()
    assert (imp.relative[:2] < upper[:2]).all()
    scaled = np.array(imp.interval()) / abs(imp.baseline)
    assert not np.allclose(lower[:2], scaled[0, :2], rtol=1e-3)  # the baseline errs, too
    assert (lower[2], upper[2]) == (0.0, 0.0)
    wide = imp.relative_interval(0.99)
    assert (wide[1][:2] > upper[:2]).all()


def test_where_nothing_is_known_of_the_baseline_it_is_taken_as_known(axes):
    imp = weigh(metric="mae", sample_weight=np.linspace(1, 2, 300))
    np.testing.assert_allclose(imp.relative_interval(), np.array(imp.interval()) / imp.baseline)
    ax = imp.plot(ax=axes, relative=True)
    (small,) = [text for text in ax.texts if text.get_gid() == "subtitle"]
    assert "95% intervals, with the baseline taken as exact." in " ".join(small.get_text().split())


def test_without_a_baseline_there_are_no_parts():
    assert np.isnan(weigh(metric="prediction_change").relative_interval()).all()
    with pytest.raises(weighin.InputError, match="confidence_level"):
        weigh(metric="mae").relative_interval(1.0)


def test_relative_charts_have_the_whiskers_of_the_parts(axes):
    imp = weigh(metric="rmse")
    ax = imp.plot(ax=axes, relative=True)
    (lines,) = [lines for lines in ax.collections if lines.get_gid() == "whiskers"]
    ends = np.array([line[:, 0] for line in lines.get_segments()])
    # the third column moves nothing, and no whisker is drawn where no interval holds
    assert imp.few_rows.tolist() == [False, False, True]
    np.testing.assert_allclose(ends.T, np.array(imp.relative_interval())[:, :2])
    (small,) = [text for text in ax.texts if text.get_gid() == "subtitle"]
    assert "Whiskers: 95% intervals. Pale" in " ".join(small.get_text().split())
