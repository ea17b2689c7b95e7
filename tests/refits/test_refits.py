"""Weights over fits: the mean, the spread between fits, the interval for the way of training."""

from __future__ import annotations

import json

import numpy as np
import pytest

import weighin
from tables import FEATURES, Noisy, games, linear, logistic, noisy
from weighin._inference.refits import Spread

pytestmark = pytest.mark.slow

FRAME = games(400)


def refits(recipe=None, frame=FRAME, **options):
    asked = {"fits": 5, "random_state": 0, "progress": False, **options}
    return weighin.weigh_refits(recipe or noisy(), frame, **asked)


@pytest.fixture(scope="module")
def weighed():
    return refits(split="time:season", groups={"both": ["spread", "elo"]})


def test_importances_are_those_of_the_trained_models(weighed):
    """Each column is what `weigh` says of that fit's model on the held-out rows, by the same shuffles."""
    known, test = FRAME[FRAME["season"] < 2021], FRAME[FRAME["season"] == 2021]
    from weighin._refit.recipes.seeds import seed_at

    model = noisy().train(known, random_state=seed_at(0, 0, 3))
    alone = weighin.weigh(
        model,
        test[list(FEATURES)],
        test["margin"],
        n_repeats=10,
        groups={"both": ["spread", "elo"]},
        random_state=0,
    )
    assert weighed.features == (*FEATURES, "both")
    assert weighed.importances.shape == (5, 5)
    assert weighed.importances[:, 3] == pytest.approx(alone.importances_mean)


def test_the_mean_and_the_spread_between_fits(weighed):
    frame = weighed.to_frame().set_index("feature")
    assert frame.loc["spread", "importance"] == pytest.approx(weighed.importances[0].mean())
    assert frame.loc["spread", "std_fits"] == pytest.approx(weighed.importances[0].std(ddof=1))
    assert frame["rank"].tolist() == [1, 2, 3, 4, 5]
    assert frame.index[0] == "both"


def test_the_interval_of_the_way_of_training_holds_what_fits_add():
    """Fits all alike add nothing: about as wide as for one model. Fits that differ widen it."""
    alike, differing = (refits(recipe, split="time:season", fits=6) for recipe in (linear(), noisy(0.8)))
    own = alike.one_model[0, 2] - alike.one_model[0, 1]
    widths = [(result.interval()[1] - result.interval()[0])[0] for result in (alike, differing)]
    assert 0.6 * own < widths[0] < 1.6 * own
    assert widths[1] > 1.2 * widths[0]
    assert alike.spreads[0].fits == pytest.approx(0, abs=1e-12)
    assert differing.spreads[0].fits > differing.spreads[0].rows
    assert alike.importances_std == pytest.approx(np.zeros(4), abs=1e-12)


def test_random_splits_allow_for_rows_that_test_one_fit_and_train_the_others():
    """Never less than Nadeau and Bengio's factor says, and twice the standard error of the rows of all tests."""
    result = refits(linear(), fits=6)
    overlap = (result.importances.var(1, ddof=1) * (1 / 6 + 0.25)) ** 0.5
    se = np.array([spread.se for spread in result.spreads])
    assert (se >= overlap * (1 - 1e-9)).all()
    one = (
        (result.one_model[:2, 2] - result.one_model[:2, 1]) / 2 / 1.99
    )  # of the first fit, on a fifth of the rows
    assert se[:2] == pytest.approx(2 * one * 0.2**0.5, rel=0.35)


def test_one_fit_has_the_interval_of_one_model_only():
    result = refits(fits=1)
    assert np.isnan(result.interval()).all()
    assert np.isnan(result.importances_std).all()
    assert np.isfinite(result.one_model).all()
    assert any("One fit" in note for note in result.notes)
    assert "-" in str(result)


def test_metrics_that_are_no_means_and_scores():
    rmse = refits(metric="rmse", split="time:season")
    assert np.isfinite(rmse.interval()).all()
    accuracy = refits(logistic(), metric="accuracy")
    assert accuracy.greater_is_better
    assert accuracy.importances_mean[0] > 0


def test_folds_and_few_rows():
    result = refits(split="time:season:2", fits=3)
    assert result.importances.shape == (4, 3)
    assert any("first fold" in note for note in result.notes)
    few = refits(frame=games(48), fits=3, split="time:season")
    assert np.isfinite(few.interval()).all()
    assert few.few_rows.all()
    assert few.one_model_few_rows.all()


def test_over_few_rows_nothing_is_claimed_and_no_interval_shown():
    few = refits(frame=games(48), fits=3, split="time:season")
    table = few.tell().tables[0]
    assert {row.cells[1] for row in table.rows} == {"too few rows"}
    assert {row.cells[3] for row in table.rows} == {"too few rows"}
    assert not any(row.claimed or np.isfinite(row.bar.low) for row in table.rows)
    assert not any(few.claims().values())
    assert "interval" not in few.summary().replace("too few rows for an interval", "").replace(
        "no interval is valid there", ""
    )
    assert "Fewer than 20 rows count for spread" in str(few)


def by_hand(means, se, **changes):
    """Importances whose standard error is known."""
    n = len(means)
    spreads = tuple(
        Spread("rows x fits", error**2, 0.0, 0.0, 2, 100, 1e9) for error in np.broadcast_to(se, n)
    )
    values = {
        "features": tuple(f"f{i}" for i in range(n)),
        "importances": np.column_stack([means, means]),
        "one_model": np.column_stack([means, np.array(means) - 0.1, np.array(means) + 0.1]),
        "spreads": spreads,
        "few_rows": np.zeros(n, dtype=bool),
        "one_model_few_rows": np.zeros(n, dtype=bool),
        "baseline": 1.0,
        "metric": "mae",
        "greater_is_better": False,
    }
    return weighin.Refits(**{**values, **changes})


def test_claims_are_adjusted_and_follow_the_level_in_every_view():
    """A p-value of .01: claimed of one feature, at 95%; not of ten, nor at 99.5%."""
    one = by_hand([0.233], 0.1)
    assert one.tell().tables[0].rows[0].claimed
    assert not one.tell(0.995).tables[0].rows[0].claimed
    among = by_hand([0.233] * 10, 0.1)
    assert not any(row.claimed for row in among.tell().tables[0].rows)
    assert not any(among.claims().values())
    assert "nothing is claimed although the interval leaves out 0, as among 10 features," in repr(among["f0"])
    assert "The interval leaves out 0, but among 10 features, one may do so by chance (Holm): f" in (
        among.summary(limit=1)
    )


def test_p_values_are_adjusted_for_the_features_that_have_one():
    known = by_hand([0.2, 0.2], 0.1)
    spreads = (*known.spreads, Spread("unknown"))
    result = by_hand([0.2, 0.2, 0.2], 0.1, spreads=spreads)
    np.testing.assert_array_equal(result.pvalue_holm, [*(2 * known.pvalue), np.nan])
    assert result["f0"].among == 2


def test_sentences_tell_findings_first_and_name_the_rest():
    result = by_hand([3.0, 2.0, 1.0, 0.01, -0.5], [0.1, 0.1, 0.1, 0.1, 0.05])
    said = result.summary(limit=2).splitlines()
    assert said[0].startswith(
        "Shuffling f0 makes mae worse by 3.0 on average over fits (95% interval 2.8 to 3.2;"
    )
    assert said[1].startswith("Shuffling f1 ")
    assert said[2:] == [
        "f2 weighs less.",
        "Shuffling f4 makes mae better.",
        "Cannot be told apart from zero: f3.",
    ]
    assert "makes mae better by 0.5" in repr(result["f4"])
    assert "what models trained this way learn from it does not hold on held-out rows" in repr(result["f4"])
    assert repr(result["f3"]).endswith(": cannot be told apart from zero.")


def test_names_are_made_harmless_in_every_view():
    bad = "a\x1b[31m\x9b\u202eb"
    names = tuple(f"{bad}{place}" for place in range(6))
    few = np.arange(6) > 4
    told = {"features": names, "metric": bad, "recipe": bad, "split": bad, "notes": (bad,), "few_rows": few}
    result = by_hand([3, 2, 0.01, -0.5, 0.2, 0.3], 0.1, **told)
    texts = [result.summary(), result.summary(limit=1), str(result), result.to_markdown(), result.to_latex()]
    texts += [result.to_html(), result._repr_html_(), *map(repr, result.lines())]
    assert [letter for letter in "\x1b\x9b\u202e" if any(letter in text for text in texts)] == []


def test_one_feature_is_asked_for_by_name(weighed):
    spread, frame = weighed["spread"], weighed.to_frame().set_index("feature")
    assert (spread.importance, spread.ci_lower, spread.rank) == tuple(
        frame.loc["spread", ["importance", "ci_lower", "rank"]]
    )
    with pytest.raises(weighin.InputError, match=r"Unknown feature 'spraed'. Did you mean 'spread'"):
        weighed["spraed"]


def test_the_chart_is_pale_where_nothing_is_claimed(axes):
    ax = by_hand([3.0, 0.01], 0.1).plot(ax=axes, limit=2)
    assert [bar.get_alpha() for bar in ax.patches[:2]] == [1.0, 0.4]


def test_only_rows_it_was_not_trained_on_are_weighed_on():
    seen = []

    def train(frame, features, seed):
        seen.append(set(frame["spread"]))
        model = Noisy()(frame, features, seed)

        def predict(table):
            assert not set(table["elo"]) & set(FRAME.loc[FRAME["spread"].isin(seen[-1]), "elo"])
            return model(table)

        return predict

    recipe = weighin.Recipe.from_function(train, features=FEATURES, target="margin")
    assert refits(recipe, fits=2).importances.shape == (4, 2)
    assert len(seen) == 2


def test_it_resumes_and_refuses_another_plan(tmp_path):
    first = refits(store=tmp_path, fits=2)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")}
    assert str(refits(store=tmp_path, fits=2)) == str(first)
    assert files == {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")}
    with pytest.raises(weighin.InputError, match=r"another plan.*metric"):
        refits(store=tmp_path, fits=2, n_repeats=3)


def test_failures_are_told_of():
    calls = []

    def train(frame, features, seed):
        calls.append(seed)
        if len(calls) in (2, 3):
            raise ValueError("no luck")
        return Noisy()(frame, features, seed)

    result = refits(weighin.Recipe.from_function(train, features=FEATURES, target="margin"), fits=3)
    assert result.importances.shape == (4, 2)
    assert any(
        "fit 2 failed (ValueError: no luck; then ValueError: no luck)" in note for note in result.notes
    )


def test_sentences_table_chart_and_file(weighed, tmp_path, axes):
    first = weighed.summary().splitlines()[0]
    assert first.startswith("Shuffling both makes mae worse by 2.")
    assert "for the first model alone" in first
    assert "between fits" in str(weighed)
    html = weighed._repr_html_()
    assert html.count('<th scope="row">') == 5
    assert "95%, this way of training" in html
    ax = weighed.plot(ax=axes, limit=2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["both", "spread"]
    with pytest.raises(weighin.InputError, match="limit must be"):
        weighed.plot(limit=0)
    with pytest.raises(weighin.InputError, match="confidence_level"):
        weighed.interval(1.0)
    path = tmp_path / "refits.json"
    weighed.save(path)
    again = weighin.Refits.load(path)
    assert str(again) == str(weighed)
    assert again.to_frame().equals(weighed.to_frame())
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "importances": "many"}), encoding="utf-8")
    with pytest.raises(weighin.InputError, match="is damaged"):
        weighin.Refits.load(path)
    path.write_text('{"format": "weighin.ablation"}', encoding="utf-8")
    with pytest.raises(weighin.InputError, match=r"not 'weighin\.refits'"):
        weighin.Refits.load(path)
