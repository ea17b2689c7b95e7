"""One rule decides what is claimed: bold, colour, sentence and headline say the same, and noise says nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from matplotlib.axes import Axes

import weighin
from charts import bars_on, drawn, names_on

MANY = 30


def looked_at(x: np.ndarray, y: np.ndarray, weights: np.ndarray, **options: object) -> weighin.Importance:
    """Weigh a line in this order of features."""
    return weighin.weigh(lambda rows: rows @ weights, x, y, metric="mse", random_state=0, **options)


@pytest.fixture(scope="module")
def noisy() -> weighin.Importance:
    """One feature that matters and 29 of noise that the model reads a little of."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, MANY))
    weights = np.array([2.0, *rng.normal(scale=0.06, size=MANY - 1)])
    return looked_at(x, 2 * x[:, 0] + rng.normal(size=300), weights, n_repeats=6)


def claimed_in_notebook(imp: weighin.Importance) -> list[str]:
    return re.findall(r'<tr class="claimed"><th scope="row">(.*?)</th>', imp._repr_html_())


def test_some_noise_has_a_small_p_value_and_an_interval_without_zero(noisy: weighin.Importance) -> None:
    """Else the tests below would guard nothing."""
    leaves_out_zero = (noisy.ci_lower > 0) | (noisy.ci_upper < 0)
    assert leaves_out_zero[1:].any()


def test_noise_among_thirty_is_nowhere_claimed(noisy: weighin.Importance, axes: Axes) -> None:
    assert [name for name, word in noisy.claims().items() if word] == ["x0"]
    assert claimed_in_notebook(noisy) == ["x0"]
    assert [row.name for row in noisy.tell().tables[0].rows if row.claimed] == ["x0"]
    assert re.findall(r"^\| (x\d+) \| \*\*", noisy.to_markdown(), re.MULTILINE) == ["x0"]
    assert re.findall(r"\\textbf\{(x\d+)\}", noisy.to_latex()) == ["x0"]
    ax = drawn(noisy.plot(ax=axes, limit=MANY))
    dark = [name for name, bar in zip(names_on(ax), bars_on(ax), strict=True) if bar.get_alpha() == 1]
    assert dark == ["x0"]


def test_no_sentence_says_that_noise_matters_or_that_the_model_is_better_without(
    noisy: weighin.Importance,
) -> None:
    text = noisy.summary()
    assert "Shuffling x0 makes the mean squared error" in text
    assert "better on these rows" not in text
    assert "Next comes" not in text
    assert not re.search(r"Shuffling x([1-9]|\d\d)\b", text)


def test_noise_whose_interval_leaves_out_zero_is_said_to_be_chance(noisy: weighin.Importance) -> None:
    assert re.search(
        r"Nothing is claimed of x\d+.* although (its interval leaves|their intervals leave) out 0: "
        r"among 30 features, one may do so by chance\.",
        noisy.summary(),
    )


def small_alone() -> weighin.Importance:
    """A feature whose p-value is small alone, and not so among all of them."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(400, 20))
        weights = np.array([1.0, 0.05, *np.full(18, 0.03)])
        y = x[:, 0] + 0.08 * x[:, 1] + rng.normal(size=400)
        imp = looked_at(x, y, weights, n_repeats=5)
        if 0.005 < imp.pvalue[1] < 0.02 and imp.pvalue_holm[1] > 0.1:
            return imp
    raise AssertionError("no such case")


def test_a_small_p_value_that_the_number_of_features_explains_is_not_bold() -> None:
    imp = small_alone()
    assert imp["x1"].pvalue < 0.02
    assert "x1" not in claimed_in_notebook(imp)
    (row,) = [row for row in imp.tell().tables[0].rows if row.name == "x1"]
    assert not row.claimed
    assert float(row.cells[2]) == pytest.approx(imp["x1"].pvalue_holm, abs=0.005)
    assert "x1" not in imp.summary().splitlines()[1]


def test_a_model_that_is_better_without_a_feature_says_so_when_sure() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 3))
    imp = looked_at(
        x, x[:, 0] - x[:, 1] + 0.3 * rng.normal(size=2000), np.array([1.0, 1.0, 0.0]), n_repeats=5
    )
    assert imp.claims() == {"x0": "heavier", "x1": "harmful", "x2": ""}
    assert "Shuffling x1 makes the model better on these rows" in imp.summary()
    assert claimed_in_notebook(imp) == ["x0", "x1"]


def test_a_higher_level_claims_less(noisy: weighin.Importance) -> None:
    strict, loose = (
        {name for name, word in noisy.claims(level).items() if word} for level in (0.9999999, 0.5)
    )
    assert strict <= loose
    assert len(loose) > 1
    with pytest.raises(weighin.InputError, match="confidence_level must be between 0 and 1"):
        noisy.claims(2)


# few rows


@pytest.fixture(scope="module")
def few() -> weighin.Importance:
    """Fifteen rows: too few for any interval, however large the importance."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 3))
    y = x @ [3.0, 1.0, 0.0] + 0.3 * rng.normal(size=500)
    return looked_at(x[:15], y[:15], np.array([3.0, 1.0, 0.0]), n_repeats=5)


def test_few_rows_are_told_as_such_and_never_called_unused(few: weighin.Importance) -> None:
    assert few.few_rows[:2].all()
    lines = few.summary().splitlines()
    assert lines[1] == "Too few rows count here to say what this model weighs."
    assert "Fewer than 20 rows count for x0 and x1: no interval is valid there." in lines
    for text in (few.summary(), str(few), few._repr_html_(), few.to_markdown(), few.to_latex()):
        assert "barely" not in text


def test_no_interval_is_printed_where_none_holds(few: weighin.Importance) -> None:
    rows = {row.name: row.cells for row in few.tell().tables[0].rows}
    assert rows["x0"][1] == rows["x1"][1] == "too few rows"
    assert rows["x2"][1] == "no change"
    assert [rows[name][2] for name in ("x0", "x1", "x2")] == ["-", "-", "-"]
    for text in (few.summary(), str(few), few._repr_html_(), few.to_markdown(), repr(few["x0"])):
        assert not re.search(r"[\d∞] to [−\d∞]", text)
    assert repr(few["x0"]).count("too few rows for an interval") == 1
    assert "adjusted p" not in repr(few["x0"])
    assert "too few rows for an interval" in repr(few.difference("x0", "x1"))
    assert "cannot be told apart" in repr(few.difference("x0", "x1"))


def test_charts_and_notebooks_draw_no_whisker_over_few_rows(few: weighin.Importance, axes: Axes) -> None:
    assert 'class="whisker"' not in few._repr_html_()
    assert claimed_in_notebook(few) == []
    ax = drawn(few.plot(ax=axes))
    whiskers = [lines for lines in ax.collections if lines.get_gid() == "whiskers"]
    assert not [segment for lines in whiskers for segment in lines.get_segments()]
    assert all(bar.get_alpha() < 1 for bar in bars_on(ax) if bar.get_width())


def test_the_numbers_of_few_rows_stay_in_the_frame(few: weighin.Importance) -> None:
    frame = few.to_frame().set_index("feature")
    assert frame.loc["x0", "few_rows"]
    assert np.isfinite(frame.loc["x0", ["importance", "ci_lower", "ci_upper"]].astype(float)).all()


def test_few_rows_of_one_feature_leave_the_others_their_claims() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=400), (np.arange(400) < 3).astype(float)])
    imp = looked_at(
        x, x[:, 0] + 40 * x[:, 1] + 0.1 * rng.normal(size=400), np.array([1.0, 40.0]), n_repeats=5
    )
    assert imp.few_rows.tolist() == [False, True]
    assert claimed_in_notebook(imp) == ["x0"]
    text = imp.summary()
    assert "Shuffling x0 makes" in text
    assert "Fewer than 20 rows count for x1" in text
    assert "barely" not in text


# what the model does not read


def test_a_feature_the_model_cannot_see_is_called_not_read() -> None:
    imp = weighin.Importance(
        ("a", "b"), np.array([[1.0, 2.0], [0.0, 0.0]]), 5.0, "mae", False, 100, kernels={"b": "ignored"}
    )
    assert "This model does not read b." in imp.summary()


# groups


def test_a_group_lighter_than_its_member_explains_itself() -> None:
    """A model of a - b where a and b are alike: together they still fit each other."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=800)
    x = np.column_stack([a, a + 0.05 * rng.normal(size=800), rng.normal(size=800)])
    weights = np.array([1.0, -1.0, 0.5])
    y = x @ weights + 0.1 * rng.normal(size=800)
    imp = looked_at(x, y, weights, n_repeats=5, groups={"twins": ["x0", "x1"]})
    told = (
        "twins weighs less than its members 'x0', 'x1': shuffled together, the members still fit each other, "
        "while a member shuffled alone meets values of the others that do not occur with it."
    )
    for text in (str(imp), imp.summary(), imp.to_markdown().replace("\\", "")):
        assert told in " ".join(text.split())
    apart = looked_at(x, y, weights, n_repeats=5, groups={"others": ["x0", "x2"]})
    assert "weighs less than its member" not in str(apart)


# more than one metric, and segments


def test_other_metrics_and_segments_are_named_under_the_table_with_how_to_see_them() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    imp = weighin.weigh(
        lambda rows: rows[:, 0], x, x[:, 0] + rng.normal(size=300), metric=["mae", "rmse"],
        by=np.arange(300) % 3 + 2015, n_repeats=3, random_state=0,
    )  # fmt: skip
    for text in (str(imp), imp.summary(), imp._repr_html_().replace("&#x27;", "'").replace("&quot;", '"')):
        words = " ".join(text.split())
        assert "Measured as well: 'rmse'. See .of('rmse'), to_frame()." in words
        assert """See plot("segments"), .of(segment=2015), to_frame().""" in words
        assert re.search(r"By \S+: '2015', '2016', '2017'\.", words)
    assert "Measured as well" not in str(imp.of(segment=2015))


def test_where_only_harm_is_claimed_the_headline_says_so() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    imp = looked_at(x, x[:, 0] + 0.3 * rng.normal(size=300), np.array([-1.0, 0.0, 0.0]), n_repeats=5)
    lines = imp.summary().splitlines()
    assert lines[1].startswith("Shuffling x0 makes the model better on these rows")
    assert sum("Shuffling x0" in line for line in lines) == 1
    assert "No feature can be told apart" not in imp.summary()
    rows = {row.name: row for row in imp.tell().tables[0].rows}
    assert rows["x0"].claimed
    assert rows["x0"].cells[2] == "<0.001"


def test_what_no_shuffle_changes_is_not_called_too_few_rows_in_a_comparison() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 2))
    y = x[:, 0] + rng.normal(size=600)
    halves = [
        looked_at(x[part], y[part], np.array([1.0, 0.0]), n_repeats=5)
        for part in (slice(300), slice(300, 600))
    ]
    found = weighin.compare(*halves)
    assert "Fewer than 20 rows" not in found.summary()
    assert "No shuffle of x1 changed mse at all." in found.summary()
    assert {row.name: row.cells[3] for row in found.tell().tables[0].rows}["x1"] == "no change"
    assert "as much in b as in a (no shuffle changed it)" in repr(found["x1"])
