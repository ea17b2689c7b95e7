"""What `weigh` promises besides: seeds, few rows, errors that say what is wrong, Ctrl-C."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import learners
import weighin
from weighin import InputError, Interrupted, ModelError, weigh


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


def test_predictions_that_are_not_numbers_are_an_error(fresh_games):
    frame = fresh_games[["elo", "spread"]].assign(y=0.0)
    learn = learners.linear([float("nan"), 1.0], frame)
    with pytest.raises(ModelError, match="150 of 150 predictions are not finite on the rows before any swap"):
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
