"""Python threads with one torch thread each; torch's own setting is given back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from types import TracebackType
from typing import Any, TypeVar

from weighin._errors import InputError

T = TypeVar("T")


class Workers:
    """Map tasks over threads, inside a ``with``; one thread is the calling one. Torch starts none of its own there.

    Chunks in parallel beat parallel matrix products: no thread waits for another, also beside a busy neighbour.

    Parameters
    ----------
    n_threads : int
        Threads to use.
    own : bool
        Whether torch keeps threads of its own: for so little work that starting others would not pay.
    """

    def __init__(self, n_threads: int = 1, own: bool = False) -> None:
        self.n_threads, self.own = n_threads, own
        self._pool: ThreadPoolExecutor | None = None
        self._torch_threads: int | None = None

    def __enter__(self) -> Workers:
        torch = sys.modules.get("torch")
        if self.own:
            return self
        self._torch_threads = torch.get_num_threads() if torch else None
        _one_torch_thread()
        if self.n_threads > 1:
            self._pool = ThreadPoolExecutor(self.n_threads, "weighin", _one_torch_thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        if self._torch_threads is not None:
            sys.modules["torch"].set_num_threads(self._torch_threads)

    def each(self, function: Callable[[Any], T], tasks: Iterable[Any]) -> list[T]:
        """Results of `function` for all tasks, in order; the first error stops the tasks not yet begun."""
        if self._pool is None:
            return [function(task) for task in tasks]
        futures = [self._pool.submit(function, task) for task in tasks]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            wait(futures)  # whoever goes on after an error finds nobody writing, and their memory free
            raise


class JoblibWorkers(Workers):
    """Map tasks over threads, or where ``joblib.parallel_config`` says, processes included.

    For models that are not torch's. One job is the calling thread; several have one OpenMP and BLAS thread each, start
    no further jobs of joblib, and go by the scikit-learn settings of the calling thread.
    """

    def __enter__(self) -> JoblibWorkers:
        self._held = ExitStack()
        if self.n_threads > 1:
            from joblib.parallel import MultiprocessingBackend, Parallel, ThreadingBackend, get_active_backend
            from threadpoolctl import ThreadpoolController

            with ExitStack() as held:
                self._controller = ThreadpoolController()
                # for all threads at once
                held.enter_context(self._controller.limit(limits=1, user_api="blas"))
                backend = get_active_backend(prefer="threads")[0]
                if isinstance(backend, MultiprocessingBackend):
                    raise InputError(
                        'joblib\'s backend "multiprocessing" copies a process whose threads may hold locks: take '
                        '"loky", or "threading".'
                    )
                if isinstance(backend, ThreadingBackend):
                    # joblib's own looks only every 10 ms whether they are done, and leaves them running after an error
                    self._pool = ThreadPoolExecutor(self.n_threads, "weighin")
                else:
                    self._all = held.enter_context(Parallel(self.n_threads, prefer="threads"))
                self._held = held.pop_all()  # an interrupt until here gives everything back
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self._held.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"n_threads": self.n_threads, "own": self.own}  # what is held stays here when tasks travel

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
        return {**vars(self), "controller": None}  # a process limits its own

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


def _one_torch_thread() -> None:
    torch = sys.modules.get("torch")
    if torch:
        torch.set_num_threads(1)
