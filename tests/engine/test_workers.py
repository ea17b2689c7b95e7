"""Threads: results in order, errors that stop the rest, settings of torch given back."""

from __future__ import annotations

import threading
import time
from typing import Any

import joblib
import pytest
import sklearn
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from weighin import InputError
from weighin._engine.workers import JoblibWorkers, Workers

pytestmark = pytest.mark.slow

KINDS = [Workers, JoblibWorkers]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_tasks(kind: type[Workers], n_threads: int) -> None:
    def slow_at_first(task: int) -> int:
        time.sleep(0.002 * (10 - task))
        return task * task

    with kind(n_threads) as workers:
        assert workers.each(slow_at_first, range(10)) == [task * task for task in range(10)]
        assert workers.each(slow_at_first, []) == []
        assert workers.each(str, range(3)) == ["0", "1", "2"]  # and again


@pytest.mark.parametrize("kind", KINDS)
def test_one_thread_is_the_calling_one(kind: type[Workers]) -> None:
    with kind(1) as workers:
        assert workers.each(lambda _: threading.get_ident(), range(3)) == [threading.get_ident()] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_several_threads_run_at_once_and_none_is_left(kind: type[Workers]) -> None:
    before = threading.active_count()
    together = threading.Barrier(3, timeout=60)
    with kind(3) as workers:
        workers.each(lambda _: together.wait(), range(3))
    assert threading.active_count() == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_an_error_stops_the_tasks_not_yet_begun(
    kind: type[Workers], n_threads: int, error: type[BaseException]
) -> None:
    begun: list[int] = []

    def task(number: int) -> None:
        begun.append(number)
        if number == 3:
            raise error
        time.sleep(0.002)

    with pytest.raises(error), kind(n_threads) as workers:
        workers.each(task, range(5000))
    assert len(begun) < 5000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_after_an_error_nobody_is_working_any_more(kind: type[Workers], error: type[BaseException]) -> None:
    """Whoever goes on, with smaller chunks say, must not be written over by tasks of before."""
    started, working = threading.Event(), []

    def task(number: int) -> None:
        if number == 0:
            started.wait(60)
            raise error
        working.append(number)
        started.set()
        time.sleep(0.1)
        working.remove(number)

    with kind(2) as workers:
        with pytest.raises(error):
            workers.each(task, range(2))
        assert working == []
        assert workers.each(str, range(2)) == ["0", "1"]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("n_workers", [1, 2])
def test_torch_starts_no_threads_of_its_own_meanwhile(threads: int, n_workers: int) -> None:
    torch.set_num_threads(threads)
    try:
        with Workers(n_workers) as workers:
            assert workers.each(lambda _: torch.get_num_threads(), range(4)) == [1] * 4
        assert torch.get_num_threads() == threads
        with pytest.raises(ValueError, match="at last"), Workers(n_workers) as workers:
            workers.each(_fail, range(4))
        assert torch.get_num_threads() == threads
        with pytest.raises(KeyboardInterrupt), Workers(n_workers) as workers:
            raise KeyboardInterrupt
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(1)


def _fail(task: Any) -> None:
    raise ValueError("at last")


def test_joblib_decides_who_works() -> None:
    def thread(_: Any) -> int:
        time.sleep(0.01)
        return threading.get_ident()

    with JoblibWorkers(2) as workers:
        assert threading.get_ident() not in workers.each(thread, range(4))
    with joblib.parallel_config("sequential"), JoblibWorkers(2) as workers:
        assert set(workers.each(thread, range(4))) == {threading.get_ident()}


def test_a_pool_of_copied_processes_is_refused() -> None:
    with (
        joblib.parallel_config("multiprocessing"),
        pytest.raises(InputError, match="loky"),
        JoblibWorkers(2),
    ):
        pass


def test_threads_of_joblib_have_one_thread_each_and_settings_come_back() -> None:
    def limits(_: Any = None) -> list[int]:
        return [library["num_threads"] for library in threadpool_info()]

    def alone(_: Any) -> tuple[int, list[int]]:
        return joblib.effective_n_jobs(5), limits()

    with threadpool_limits(3):
        before = limits()
        assert before
        with JoblibWorkers(2) as workers:
            for n_jobs, threads in workers.each(alone, range(4)):
                assert n_jobs == 1
                assert set(threads) == {1}
        assert limits() == before
        with pytest.raises(ValueError, match="at last"), JoblibWorkers(2) as workers:
            workers.each(_fail, range(4))
        assert limits() == before


def test_threads_and_processes_go_by_the_settings_of_scikit_learn() -> None:
    def output(_: Any) -> Any:
        import sklearn

        return sklearn.get_config()["transform_output"]

    for backend in ("threading", "loky"):
        with (
            sklearn.config_context(transform_output="polars"),
            joblib.parallel_config(backend),
            JoblibWorkers(2) as workers,
        ):
            assert workers.each(output, range(3)) == ["polars"] * 3


def test_a_million_jobs_are_no_million_threads():
    import os

    from weighin._engine.workers import MOST_THREADS, threads_for

    assert threads_for(3) == 3
    assert threads_for(10**6) == max(MOST_THREADS, os.cpu_count())
