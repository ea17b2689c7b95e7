"""Python threads with one torch thread each; torch's own setting is given back."""

from __future__ import annotations

import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from functools import cache
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from weighin._base.errors import InputError
from weighin._base.random_state import restored

T = TypeVar("T")
# threads asked for beyond the processors: more only take memory, or cannot be started at all
MOST_THREADS = 256


def threads_for(n_jobs: int | None) -> int:
    """How many threads an ``n_jobs`` of the user stands for, -1 and None for all processors."""
    from joblib import effective_n_jobs

    asked = effective_n_jobs(-1 if n_jobs is None else n_jobs)
    return int(min(asked, max(MOST_THREADS, effective_n_jobs(-1))))


class Workers:
    """Map tasks over threads, inside a ``with``; one thread is the calling one. Torch starts none of its own there.

    Chunks in parallel beat parallel matrix products: no thread waits for another, also beside a busy neighbour.

    `n_threads`: threads to use.
    `own`: whether torch keeps threads of its own: for so little work that starting others would not pay.
    """

    def __init__(self, n_threads: int = 1, own: bool = False) -> None:
        self.n_threads, self.own = n_threads, own
        self._pool: ThreadPoolExecutor | None = None
        self._held = ExitStack()

    def __enter__(self) -> Workers:
        with ExitStack() as held:
            if not self.own:
                held.enter_context(settings_kept())
                _one_torch_thread()
                self._open(_one_torch_thread)
            # an interrupt until here gives everything back
            self._held = held.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._close()
        finally:
            self._held.close()

    def each(self, function: Callable[[Any], T], tasks: Iterable[Any]) -> list[T]:
        """Results of `function` for all tasks, in order; the first error stops the tasks not yet begun."""
        if self._pool is None:
            return [function(task) for task in tasks]
        futures: list[Future[T]] = []
        try:
            futures.extend(self._pool.submit(function, task) for task in tasks)
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            # whoever goes on after an error finds nobody writing, and their memory free
            wait(futures)
            raise

    def _open(self, initializer: Callable[[], object] | None = None) -> None:
        if self.n_threads > 1:
            self._name = f"weighin-{id(self)}"
            self._pool = ThreadPoolExecutor(self.n_threads, self._name, initializer)

    def _close(self) -> None:
        """End the threads, one that an interrupt kept the pool from knowing among them."""
        if self._pool is None:
            return
        self._pool.shutdown(cancel_futures=True)
        for _ in range(100):
            try:
                for thread in threading.enumerate():
                    if thread.name.startswith(self._name):
                        thread.join()
                break
            # it is just being started
            except RuntimeError:
                time.sleep(0.01)
        self._pool = None


class JoblibWorkers(Workers):
    """Map tasks over threads, or where ``joblib.parallel_config`` says, processes included.

    For models that are not torch's. One job is the calling thread; several have one OpenMP and BLAS thread each, start
    no further jobs of joblib, and go by the scikit-learn settings of the calling thread.
    """

    def __enter__(self) -> JoblibWorkers:
        if self.n_threads > 1:
            from joblib.parallel import MultiprocessingBackend, Parallel, ThreadingBackend, get_active_backend
            from threadpoolctl import ThreadpoolController

            backend = get_active_backend(prefer="threads")[0]
            if isinstance(backend, MultiprocessingBackend):
                raise InputError(
                    'joblib\'s backend "multiprocessing" copies a process whose threads may hold locks: '
                    'use "loky" or "threading".'
                )
            self._controller = ThreadpoolController()
            with ExitStack() as held:
                held.enter_context(settings_kept())
                held.enter_context(one_blas_thread(self._controller))
                if isinstance(backend, ThreadingBackend):
                    # joblib's own looks only every 10 ms whether they are done, and leaves them running after an error
                    self._open()
                else:
                    self._all = held.enter_context(Parallel(self.n_threads, prefer="threads"))
                self._held = held.pop_all()
        return self

    def __getstate__(self) -> dict[str, Any]:
        # what is held stays here when tasks travel
        return {"n_threads": self.n_threads, "own": self.own}

    def each(self, function: Callable[[Any], T], tasks: Iterable[Any]) -> list[T]:
        """Results of `function` for all tasks, in order; the first error stops the tasks not yet begun."""
        if self.n_threads == 1:
            return [function(task) for task in tasks]
        from joblib import delayed

        alone = _Alone(function, self._controller)
        if self._pool is not None:
            return super().each(alone, tasks)
        return list(self._all(delayed(alone)(task) for task in tasks))


class _Alone:
    """A function for a thread or process of its own: no threads or jobs beside it, settings as where it was made.

    OpenMP, joblib and scikit-learn have settings in each thread.
    """

    def __init__(self, function: Callable[[Any], Any], controller: Any) -> None:
        self.function, self.controller = function, controller
        sklearn = sys.modules.get("sklearn")
        self.settings = sklearn.get_config() if sklearn else None

    def __getstate__(self) -> dict[str, Any]:
        # a process limits its own
        return {**vars(self), "controller": None}

    def __call__(self, task: Any) -> Any:
        from joblib import parallel_config

        with ExitStack() as held:
            if self.settings is not None:
                from sklearn import config_context

                held.enter_context(config_context(**self.settings))
            if self.controller is not None:
                held.enter_context(self.controller.limit(limits=1, user_api="openmp"))
                held.enter_context(parallel_config("sequential"))
            return self.function(task)


@contextmanager
def settings_kept() -> Iterator[None]:
    """Give back the settings of torch, numpy, scikit-learn and warnings, whatever an interrupt left undone."""
    torch, sklearn = sys.modules.get("torch"), sys.modules.get("sklearn")
    n_threads = torch.get_num_threads() if torch else 0
    config, errors, filters = sklearn.get_config() if sklearn else {}, np.geterr(), warnings.filters

    def restore() -> None:
        np.seterr(**errors)
        if torch and torch.get_num_threads() != n_threads:
            torch.set_num_threads(n_threads)
        # its functions change that for others they call
        if sklearn and sklearn.get_config() != config:
            sklearn.set_config(**config)
        # an interrupt kept warnings.catch_warnings from ending
        if warnings.filters is not filters:
            warnings.filters = filters
            # which tells Python that they have changed
            with warnings.catch_warnings():
                pass

    with restored(restore):
        yield


@cache
def blas() -> Any:
    """What controls the threads of numpy's matrix products."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_blas_thread(controller: Any) -> Iterator[None]:
    """For all threads at once."""
    before = [
        (library, library.get_num_threads())
        for library in controller.lib_controllers
        if library.user_api == "blas"
    ]

    def restore() -> None:
        for library, n_threads in before:
            library.set_num_threads(n_threads)

    with restored(restore):
        for library, _ in before:
            library.set_num_threads(1)
        yield


def _one_torch_thread() -> None:
    torch = sys.modules.get("torch")
    if torch:
        torch.set_num_threads(1)


def workers_for(pred: Any, n_threads: int, own_threads: bool = False) -> Workers:
    """Threads, or what joblib is told; models of torch stay in this process: kernels write where all can read."""
    if isinstance(pred, np.ndarray):
        return JoblibWorkers(n_threads)
    return Workers(n_threads, own_threads)
