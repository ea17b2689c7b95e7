"""Many fits: stored one by one, resumed, failing, dying, in processes; always the same numbers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib._parallel_backends import ThreadingBackend
from sklearn.linear_model import LinearRegression

import weighin
from tables import FEATURES, Noisy, games, noisy

pytestmark = pytest.mark.slow

FRAME = games(120)
ROOT = Path(__file__).parents[2]


def ablate(recipe=None, frame=FRAME, **options):
    asked = {"drop": ["week", "elo"], "fits": 4, "random_state": 3, "progress": False, **options}
    return weighin.ablate(recipe or noisy(), frame, **asked)


def numbers(found):
    return [
        (change.label, change.scores, change.full, change.estimate, change.spread) for change in found.changes
    ]


def recipe_of(function):
    return weighin.Recipe.from_function(function, features=FEATURES, target="margin")


class TestTheStore:
    def test_a_second_call_trains_nothing_and_gives_the_same(self, tmp_path):
        calls = []

        def train(frame, features, seed):
            calls.append(seed)
            return Noisy()(frame, features, seed)

        recipe = recipe_of(train)
        first = ablate(recipe, store=tmp_path / "fits")
        assert len(calls) == 12
        second = ablate(recipe, store=tmp_path / "fits")
        assert len(calls) == 12
        assert numbers(first) == numbers(second) == numbers(ablate(recipe))
        assert len(list((tmp_path / "fits").glob("*.npz"))) == 12

    def test_more_fits_and_more_variants_train_only_what_is_new(self, tmp_path):
        ablate(store=tmp_path)
        before = {path.name for path in tmp_path.glob("*.npz")}
        more = ablate(store=tmp_path, fits=6, drop=["week", "elo", "noise"])
        assert before < {path.name for path in tmp_path.glob("*.npz")}
        assert numbers(more) == numbers(ablate(fits=6, drop=["week", "elo", "noise"]))

    def test_the_seed_is_that_of_the_store_where_none_is_given(self, tmp_path):
        first = ablate(store=tmp_path, random_state=None)
        assert numbers(ablate(store=tmp_path, random_state=None)) == numbers(first)

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"frame": games(120, seed=5)}, "data"),
            ({"recipe": noisy(0.5)}, "recipe"),
            ({"random_state": 4}, "random_state: 3 there, 4 here"),
            ({"metric": "rmse"}, "metric"),
            ({"split": "random:0.4"}, "split"),
            ({"drop": {"week": "spread"}}, "its variant 'week' differs from this one"),
        ],
    )
    def test_another_plan_is_refused(self, tmp_path, options, told):
        ablate(store=tmp_path)
        with pytest.raises(weighin.InputError, match=f"belongs to another plan.*{told}"):
            ablate(store=tmp_path, **options)

    def test_a_folder_of_something_else_is_refused(self, tmp_path):
        (tmp_path / "photo.jpg").write_bytes(b"")
        with pytest.raises(weighin.InputError, match="holds something other than fits"):
            ablate(store=tmp_path)
        with pytest.raises(weighin.InputError, match="is a file"):
            ablate(store=tmp_path / "photo.jpg")

    def test_a_damaged_fit_is_trained_again_and_a_damaged_plan_refused(self, tmp_path):
        expected = numbers(ablate(store=tmp_path))
        first, second, third, *_ = sorted(tmp_path.glob("*.npz"))
        first.write_bytes(b"half of a file")
        second.write_bytes(b"")
        with np.load(third) as fit:
            content = {**fit, "score": np.inf}
        np.savez(third, **content)
        assert numbers(ablate(store=tmp_path)) == expected
        (tmp_path / "plan.json").write_text("{", encoding="utf-8")
        with pytest.raises(weighin.InputError, match=r"is damaged: 'plan\.json'"):
            ablate(store=tmp_path)

    def test_a_newer_format_is_refused(self, tmp_path):
        ablate(store=tmp_path)
        plan = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
        (tmp_path / "plan.json").write_text(json.dumps({**plan, "version": 99}), encoding="utf-8")
        with pytest.raises(weighin.InputError, match="has version 99"):
            ablate(store=tmp_path)

    def test_a_folder_that_takes_no_files_is_refused_before_any_fit(self, tmp_path, monkeypatch):
        calls = []

        def train(frame, features, seed):
            calls.append(seed)
            return Noisy()(frame, features, seed)

        def nothing(dir):
            raise PermissionError(13, "Permission denied")

        recipe = recipe_of(train)
        expected = numbers(ablate(recipe, store=tmp_path))
        monkeypatch.setattr("tempfile.TemporaryFile", nothing)
        assert numbers(ablate(recipe, store=tmp_path)) == expected  # nothing has to be written
        with pytest.raises(weighin.InputError, match="Nothing can be written in the folder"):
            ablate(recipe, store=tmp_path, fits=5)
        with pytest.raises(weighin.InputError, match="Nothing can be written in the folder"):
            ablate(recipe, store=tmp_path / "new")
        assert len(calls) == 12

    def test_ctrl_c_keeps_what_is_done_and_says_where(self, tmp_path):
        def train(frame, features, seed):
            if len(list(tmp_path.glob("*.npz"))) == 5:
                raise KeyboardInterrupt
            return Noisy()(frame, features, seed)

        with pytest.raises(KeyboardInterrupt) as stop:
            ablate(recipe_of(train), store=tmp_path)
        assert "5 of 12 fits are in" in stop.value.__notes__[0]

    @pytest.mark.slow
    def test_kill_9_in_the_middle_and_go_on(self, tmp_path):
        """A process is killed while it trains; the same call in another one gives what no interruption gives."""
        finished = "[!.]*.npz"  # not one that was being written: nothing removes it after such an end
        code = (
            "import sys; sys.path.insert(0, 'tests'); import weighin, tables\n"
            "weighin.ablate(tables.noisy(), tables.games(120), drop=['week', 'elo'], fits=4, random_state=3, "
            "store=sys.argv[1], progress=False)"
        )
        running = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env={**os.environ, "TABLES_PAUSE": "0.2"}
        )
        while len(list(tmp_path.glob(finished))) < 3:
            assert running.poll() is None
            time.sleep(0.02)
        os.kill(running.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob(finished)}
        assert 3 <= len(kept) < 12
        assert numbers(ablate(store=tmp_path)) == numbers(ablate())
        assert len(list(tmp_path.glob(finished))) == 12
        assert all(path.stat().st_mtime_ns == written for path, written in kept.items())


class TestFailures:
    def failing(self, *bad):
        """Fails in the calls of these numbers, from 1."""
        calls = []

        def train(frame, features, seed):
            calls.append(seed)
            if len(calls) in bad:
                raise ZeroDivisionError("it went wrong")
            return Noisy()(frame, features, seed)

        return recipe_of(train), calls

    def test_a_fit_that_fails_once_is_trained_with_another_seed_and_told_of(self):
        recipe, calls = self.failing(5)  # full, week, elo; full, WEEK
        found = ablate(recipe)
        assert len(calls) == 13
        (told,) = found.changes[0].errors
        assert told == (
            f"fit 2 failed (ZeroDivisionError: it went wrong); trained with seed {calls[5]} instead."
        )
        assert calls[5] not in calls[:5]
        assert found.changes[0].n_fits == 4
        assert "week: fit 2 failed" in str(found)

    def test_a_fit_that_fails_twice_is_left_out_and_told_of(self):
        recipe, _ = self.failing(5, 6)
        found = ablate(recipe)
        assert found.changes[0].n_fits == 3
        assert np.isnan(found.changes[0].scores[1])
        assert found.to_frame()["failed"].tolist() == [1, 0]
        assert "failed again and is left out" in found.changes[0].errors[0]
        other = ablate()
        rest = [0, 2, 3]
        difference = np.array(other.changes[0].scores)[rest] - np.array(other.changes[0].full)[rest]
        assert found.changes[0].estimate == pytest.approx(difference.mean())

    def test_a_full_model_that_fails_leaves_its_fit_out_of_every_variant(self):
        recipe, _ = self.failing(4, 5)
        found = ablate(recipe)
        assert [change.n_fits for change in found.changes] == [3, 3]
        assert any("Full model: fit 2 failed" in note for note in found.notes)

    def test_predictions_that_are_no_numbers_are_a_failure(self):
        calls = []

        def train(frame, features, seed):
            calls.append(seed)
            good = Noisy()(frame, features, seed)
            return (lambda table: good(table) * np.nan) if len(calls) == 1 else good

        found = ablate(recipe_of(train))
        assert len(calls) == 13
        assert "NotFinite: Its mae on the held-out rows is nan" in found.notes[0]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("metric", "told"), [("mea", "mea.*mae"), (lambda y, pred: 0.0, "better or worse")]
    )
    def test_a_metric_nobody_knows_is_told_of_after_one_fit(self, metric, told):
        recipe, calls = self.failing()
        with pytest.raises(weighin.MetricError, match=told):
            ablate(recipe, metric=metric)
        assert len(calls) == 1
        with pytest.raises(weighin.MetricError, match=told):
            ablate(metric=metric, n_jobs=2)

    def test_a_recipe_that_never_works_is_an_error_that_says_why(self):
        recipe, calls = self.failing(*range(1, 100))
        with pytest.raises(
            weighin.ModelError, match=r"No model could be trained\. ZeroDivisionError: it went wrong"
        ):
            ablate(recipe)
        assert len(calls) == 6

    def test_a_variant_that_never_works_is_told_of(self):
        def train(frame, features, seed):
            if "elo" not in features:
                raise RuntimeError("no elo")
            return Noisy()(frame, features, seed)

        found = ablate(recipe_of(train))
        assert found["elo"].verdict.word == "not trained"
        assert "Without elo: no model could be trained (fit 1 failed (RuntimeError: no elo" in found.summary()
        assert found.changes[0].n_fits == 4

    def test_failures_are_stored_too(self, tmp_path):
        recipe, calls = self.failing(5, 6)
        first = ablate(recipe, store=tmp_path)
        count = len(calls)
        again = ablate(recipe, store=tmp_path)
        assert len(calls) == count
        assert again.changes[0].errors == first.changes[0].errors
        assert numbers(again)[1:] == numbers(first)[1:]


class AtTheEnd(ThreadingBackend):
    """A backend that cannot give results as they come, such as Ray's."""

    supports_return_generator = False


class TestProcesses:
    def test_every_backend_gives_the_same_numbers(self):
        expected = numbers(ablate())
        assert numbers(ablate(n_jobs=2)) == expected
        joblib.register_parallel_backend("all at the end", AtTheEnd)
        for backend in ("threading", "all at the end"):
            with joblib.parallel_config(backend=backend, n_jobs=2):
                assert numbers(ablate()) == expected

    def test_threads_do_not_mix_their_random_numbers(self):
        def train(frame, features, seed):
            time.sleep(0.01)
            return Noisy()(frame, features, np.random.randint(10**6))

        with joblib.parallel_config(backend="threading", n_jobs=3):
            threaded = numbers(ablate(recipe_of(train)))
        assert threaded == numbers(ablate(recipe_of(train)))

    @pytest.mark.slow
    def test_a_process_that_dies_is_a_failure(self):
        def train(frame, features, seed):
            if "week" not in features:
                os._exit(1)
            return Noisy()(frame, features, seed)

        found = ablate(recipe_of(train), drop="week", fits=1, n_jobs=2)
        assert found["week"].verdict.word == "not trained"
        (told,) = found.changes[0].errors
        assert told.count("The process that trained it died") == 2
        assert np.isfinite(found.baseline)

    def test_arguments_are_checked_first(self):
        for name, value in (("fits", 0), ("fits", 2.5), ("n_jobs", 0), ("random_state", -1)):
            with pytest.raises(weighin.InputError, match=f"{name} must be an integer"):
                ablate(**{name: value})


def test_global_generators_are_left_alone():
    before = np.random.get_state()[1].tolist()
    ablate()
    assert np.random.get_state()[1].tolist() == before


def test_progress_counts_every_fit(monkeypatch, tmp_path):
    asked = []

    @contextmanager
    def watched(what, total, show):
        done = []
        yield done.append
        asked.append((what, total, sum(done), show))

    monkeypatch.setattr("weighin._refit.fits.run.tracking", watched)
    ablate(fits=2, store=tmp_path)
    ablate(store=tmp_path, progress=True)
    assert asked == [("Training", 6, 6, False), ("Training", 12, 12, True)]


def test_the_fitted_estimator_is_not_kept():
    estimator = LinearRegression()
    ablate(weighin.Recipe.from_estimator(estimator, target="margin", features=FEATURES))
    assert not hasattr(estimator, "coef_")
