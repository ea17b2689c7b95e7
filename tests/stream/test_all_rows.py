"""All rows of files, piece by piece: the numbers of memory, whatever the pieces, and nothing lost on the way."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest
from sklearn.linear_model import LinearRegression

import weighin
from weighin import AllRows, InputError
from weighin._weigh.stream import run as stream

pytestmark = pytest.mark.slow

N, SEED = 45_000, 3
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(RNG.normal(size=(N, 3)), columns=["a", "b", "unused"])
FRAME["kind"] = RNG.choice(["x", "y", "z"], N)
FRAME["count"] = np.where(np.arange(N) == N - 1, np.nan, RNG.integers(0, 9, N))
FRAME["y"] = 2 * FRAME.a + FRAME.b**2 + (FRAME.kind == "z") + RNG.normal(size=N) + np.arange(N) / N
FRAME["weight"] = RNG.uniform(0.5, 2.0, N)
FRAME["region"] = RNG.choice(["north", "south"], N)
FEATURES = ["a", "b", "unused", "kind"]


def model(rows):
    a, b, kind = (np.asarray(rows[name].to_numpy()) for name in ("a", "b", "kind"))
    return 2 * a + b**2 + (kind == "z") + 0.3


def weigh(X, **asked):
    asked = {"metric": "mse", "features": FEATURES, "random_state": SEED, **asked}
    return weighin.weigh(model, X, "y", **asked)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    """Some thousand rows make a part, so that there are several."""
    monkeypatch.setattr(stream, "PART_ROWS", 8192)


@pytest.fixture
def files(tmp_path):
    """The rows in three Parquet files of several row groups."""
    folder = tmp_path / "games"
    folder.mkdir()
    for part, rows in enumerate(np.array_split(np.arange(N), 3)):
        FRAME.iloc[rows].to_parquet(folder / f"{part}.parquet", index=False, row_group_size=4_000)
    return folder


def check_same(imp, memory):
    assert imp.features == memory.features
    assert imp.n_rows == memory.n_rows
    assert imp.n_repeats == memory.n_repeats
    for metric in memory.metrics:
        one, other = imp.of(metric), memory.of(metric)
        assert one.baseline == pytest.approx(other.baseline, rel=1e-12)
        np.testing.assert_allclose(one.importances, other.importances, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(one.se, other.se, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(one.interval(), other.interval(), rtol=1e-6, atol=1e-12)


CASES = {
    "plain": {},
    "two metrics": {"metric": ["mae", "rmse"]},
    "weights": {"sample_weight": "weight"},
    "segments": {"by": "region"},
    "group": {"groups": {"both": ["a", "b"]}},
    "change": {"metric": "prediction_change"},
}


@pytest.mark.parametrize("case", CASES)
def test_numbers_are_those_of_memory(case, files):
    asked = CASES[case]
    imp = weigh(files, rows=AllRows(), **asked)
    # with rows kept, features share their shuffles in memory as well
    memory = weigh(FRAME, keep_rows=True, **asked)
    check_same(imp, memory)
    if "by" in asked:
        one, other = imp.of(segment="north"), memory.of(segment="north")
        np.testing.assert_allclose(one.importances, other.importances, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(one.se, other.se, rtol=1e-6, atol=1e-12)
    assert imp.rows == f"all 45,000 rows of {files}"
    assert imp.complete


SOURCES = {
    "pattern": lambda files: str(files / "*.parquet"),
    "dataset": lambda files: ds.dataset(str(files)),
    "reader": lambda files: ds.dataset(str(files)).scanner().to_reader(),
    "lazy": lambda files: pl.scan_parquet(files),
    "frame": lambda files: FRAME,
}


@pytest.mark.parametrize("kind", SOURCES)
def test_from_whatever_they_come(kind, files):
    imp = weigh(SOURCES[kind](files), rows=AllRows(), n_repeats=2)
    check_same(imp, weigh(FRAME, n_repeats=2))


@pytest.mark.parametrize("memory", [1, 2, 64])
def test_memory_and_threads_change_no_number(memory, files):
    reference = weigh(files, rows=AllRows(), n_repeats=2, n_jobs=1)
    imp = weigh(files, rows=AllRows(memory=memory), n_repeats=2, n_jobs=2)
    np.testing.assert_allclose(imp.importances, reference.importances, rtol=1e-12)


def test_two_million_rows_and_more_follow_the_order_of_memory(files, monkeypatch):
    monkeypatch.setattr("weighin._samplers.order.HELD_ROWS", 20_000)
    monkeypatch.setattr("weighin._samplers.order.BUCKET_ROWS", 3_000)
    check_same(weigh(files, rows=AllRows(memory=1), n_repeats=2), weigh(FRAME, n_repeats=2))


def test_categories_and_whole_numbers_with_gaps_are_the_same_in_all_parts(files, tmp_path):
    seen = set()

    def codes(rows):
        seen.add((str(rows["count"].dtype), tuple(rows["kind"].cat.categories)))
        return 2 * rows["a"].to_numpy() + rows["kind"].cat.codes.to_numpy()

    frame = FRAME.astype({"kind": "category"})
    frame["count"] = frame["count"].astype("Int64")
    frame.to_parquet(tmp_path / "whole.parquet", index=False, row_group_size=4_000)
    asked = {"metric": "mse", "features": ["a", "kind"], "random_state": 0, "n_repeats": 2}
    imp = weighin.weigh(codes, tmp_path / "whole.parquet", "y", rows=AllRows(), **asked)
    assert len(seen) == 1
    assert imp["kind"].importance == pytest.approx(
        weighin.weigh(codes, frame, "y", **asked)["kind"].importance
    )


def test_estimators_get_their_columns(files):
    X = FRAME[["a", "b", "unused"]]
    fitted = LinearRegression().fit(X, FRAME["y"])
    table = ds.dataset(str(files)).scanner(columns=["a", "b", "unused", "y"]).to_reader()
    imp = weighin.weigh(fitted, table, "y", rows=AllRows(), random_state=0, n_repeats=2)
    memory = weighin.weigh(fitted, X, FRAME["y"], random_state=0, n_repeats=2)
    np.testing.assert_allclose(imp.importances, memory.importances, rtol=1e-9, atol=1e-12)


def test_given_other_columns_beside_freely(files):
    imp = weigh(files, rows=AllRows(), given=[None, "rest"], n_repeats=4)
    free, given = imp.of(given=None), imp.of(given="rest")
    np.testing.assert_allclose(free.importances, weigh(FRAME, n_repeats=4).importances, rtol=1e-9)
    assert given["a"].importance == pytest.approx(
        weigh(FRAME, given="rest", n_repeats=4)["a"].importance, rel=0.1
    )


def test_strata_exchange_among_themselves(files):
    imp = weigh(files, rows=AllRows(), within="region")
    assert imp["a"].importance == pytest.approx(8, abs=4 * imp["a"].se)


def test_rows_said_to_be_in_random_order_are_taken_as_they_come(tmp_path):
    mixed = FRAME.sample(frac=1, random_state=0)
    mixed.to_parquet(tmp_path / "mixed.parquet", index=False, row_group_size=5_000)
    imp = weigh(tmp_path / "mixed.parquet", rows=AllRows(shuffled=True))
    assert imp["a"].importance == pytest.approx(8, abs=4 * imp["a"].se)
    assert any("said to be random" in note for note in imp.notes)
    assert not any("not come in random order" in note for note in imp.notes)
    FRAME.sort_values("a").to_parquet(tmp_path / "sorted.parquet", index=False)
    sorted_rows = weigh(tmp_path / "sorted.parquet", rows=AllRows(shuffled=True))
    assert any("not come in random order" in note for note in sorted_rows.notes)


@pytest.mark.parametrize("shuffled", [False, True])
def test_an_interrupted_run_goes_on(shuffled, files, tmp_path):
    how = AllRows(folder=tmp_path / "run", shuffled=shuffled, memory=1)
    whole = weigh(files, rows=AllRows(shuffled=shuffled), n_repeats=2)
    asked, calls = {"n_repeats": 2, "metric": "mse", "features": FEATURES, "random_state": SEED}, []

    def stops(rows):
        calls.append(len(rows))
        if len(calls) == stop_at:
            raise KeyboardInterrupt
        return model(rows)

    stop_at = 60
    with pytest.raises(weighin.Interrupted) as interruption:
        weighin.weigh(stops, files, "y", rows=how, **asked)
    part = interruption.value.result
    assert 0 < part.n_rows < N
    assert not part.complete
    assert part["a"].importance == pytest.approx(whole["a"].importance, abs=0.5)
    n_before = len(calls)
    stop_at = 0
    imp = weighin.weigh(stops, files, "y", rows=how, **asked)
    np.testing.assert_allclose(imp.importances, whole.importances, rtol=1e-12, atol=1e-14)
    # what was finished was not predicted again
    assert sum(calls[n_before:]) < sum(calls)
    assert sorted(path.name for path in (tmp_path / "run").iterdir() if path.is_dir()) == []
    calls.clear()
    again = weighin.weigh(stops, files, "y", rows=how, **asked)
    assert (again.importances == imp.importances).all()
    assert sum(calls) < N


def test_time_that_runs_out_leaves_a_result_of_random_rows(files):
    imp = weigh(files, rows=AllRows(), n_repeats=2, max_seconds=1e-6)
    assert imp.n_rows == 8192
    assert not imp.complete
    assert "Stopped because time ran out after 8,192 of 45,000 rows" in imp.notes[-1]


class TestRefused:
    """With the reason, and nothing changed."""

    def check(self, text, X, rows=None, **asked):
        with pytest.raises(weighin.WeighinError, match=text):
            weigh(X, rows=rows or AllRows(), **asked)

    def test_what_cannot_be_streamed(self, files):
        self.check("does not go with keep_rows", files, keep_rows=True)
        self.check("does not go with precision", files, precision=0.1)
        self.check("by must be the name of a column", files, by=np.zeros(N))
        self.check("has no value per row", files, metric=lambda y, pred: 1.0, greater_is_better=True)
        with pytest.raises(InputError, match="does not go with several models"):
            weighin.weigh([model, model], files, "y", rows=AllRows())
        with pytest.raises(InputError, match="is for files and frames"):
            weighin.weigh(model, np.ones((9, 2)), np.ones(9), rows=AllRows())

    @pytest.mark.parametrize("asked", [{"memory": 0}, {"shuffled": 1}, {"folder": 3}])
    def test_options(self, asked):
        with pytest.raises(InputError, match=next(iter(asked))):
            AllRows(**asked)

    def test_models_that_need_all_rows_at_once(self, files):
        with pytest.raises(weighin.ModelError, match="whole table"):
            weighin.weigh(
                lambda rows: rows["a"].rank().to_numpy(),
                files,
                "y",
                rows=AllRows(),
                metric="mse",
                random_state=0,
            )

    def test_a_folder_of_another_run(self, files, tmp_path):
        how = AllRows(folder=tmp_path / "run")
        weigh(files, rows=how, n_repeats=2)
        self.check(
            "holds another run: its random_state is 3, and here 4", files, how, n_repeats=2, random_state=4
        )
        self.check("holds parts of another run.*n_repeats is 3 in one and 2", files, how, n_repeats=3)
        with pytest.raises(InputError, match="holds parts of another run"):
            weighin.weigh(
                lambda rows: model(rows) + 1, files, "y", rows=how, metric="mse", features=FEATURES, random_state=SEED,
                n_repeats=2,
            )  # fmt: skip
        FRAME.iloc[:20_000].to_parquet(files / "0.parquet", index=False)
        self.check("holds another run: its rows is 45000", files, how, n_repeats=2)
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "letter.txt").write_text("x")
        self.check("holds 'letter.txt', and no run", files, AllRows(folder=tmp_path / "mine"))
        self.check("is a file; name a folder", files, AllRows(folder=tmp_path / "mine" / "letter.txt"))


class TestWhileRunning:
    """What happens to files meanwhile is named; finished parts stay, and nothing else."""

    def test_a_file_disappears(self, files, tmp_path):
        how = AllRows(folder=tmp_path / "run", shuffled=True)
        path, calls = files / "2.parquet", []
        content, state = path.read_bytes(), path.stat()

        def vanishing(rows):
            calls.append(len(rows))
            if len(calls) == 30:
                path.unlink()
            return model(rows)

        asked = {"metric": "mse", "features": FEATURES, "random_state": SEED, "n_repeats": 2}
        with pytest.raises(InputError, match=r"2\.parquet' is not there any more"):
            weighin.weigh(vanishing, files, "y", rows=how, **asked)
        finished = sorted((tmp_path / "run").glob("part-*.json"))
        assert finished
        path.write_bytes(content)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        imp = weighin.weigh(vanishing, files, "y", rows=how, **asked)
        whole = weigh(files, rows=AllRows(shuffled=True), n_repeats=2)
        np.testing.assert_allclose(imp.importances, whole.importances, rtol=1e-12, atol=1e-14)

    def test_a_file_changes(self, files):
        calls = []

        def rewriting(rows):
            calls.append(1)
            if len(calls) == 30:
                FRAME.iloc[30_000:].to_parquet(files / "2.parquet", index=False)
            return model(rows)

        with pytest.raises(InputError, match=r"2\.parquet' was changed while it was in use"):
            weighin.weigh(
                rewriting,
                files,
                "y",
                metric="mse",
                features=FEATURES,
                random_state=0,
                rows=AllRows(shuffled=True),
            )


def test_nothing_is_left_in_the_folder_for_temporary_files(files, tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    weigh(files, rows=AllRows(), n_repeats=2)
    assert list(temporary.iterdir()) == []
    # of a process that was killed
    left = temporary / ".rows.weighin-00000000-1-00000000-0.rows"
    from weighin._base import journal

    left = temporary / f".rows.weighin-{journal._HOST}-{2**22 + 1}-00000000-0.rows"
    left.mkdir()
    (left / "00000.arrows").write_bytes(b"x")
    weigh(files, rows=AllRows(), n_repeats=2)
    assert list(temporary.iterdir()) == []
    assert Path(files).is_dir()


def test_learners_take_their_target_and_metric(regression, tmp_path, monkeypatch):
    import learners

    frame = learners.games(seed=1, n_rows=20_000)
    frame.to_parquet(tmp_path / "games.parquet", index=False, row_group_size=3_000)
    imp = weighin.weigh(regression, tmp_path / "games.parquet", rows=AllRows(), n_repeats=2, random_state=0)
    memory = weighin.weigh(regression, frame, n_repeats=2, random_state=0)
    assert imp.features == memory.features
    assert imp.metrics == memory.metrics
    np.testing.assert_allclose(imp.importances, memory.importances, rtol=1e-4, atol=1e-6)
    drawn = weighin.weigh(regression, tmp_path / "games.parquet", precision=0.1, random_state=0)
    np.testing.assert_allclose(
        drawn.importances_mean,
        weighin.weigh(regression, frame, precision=0.1, random_state=0).importances_mean,
    )
