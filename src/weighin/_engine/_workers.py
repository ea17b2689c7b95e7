"""Python threads with one torch thread each; torch's own setting is given back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from types import TracebackType
from typing import Any, TypeVar

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
    """Map tasks by joblib: over threads, or as ``joblib.parallel_config`` says, processes included.

    For models that are not torch's. One job is the calling thread; several have one OpenMP and BLAS thread each.
    """

    def __enter__(self) -> JoblibWorkers:
        self._held = ExitStack()
        if self.n_threads > 1:
            from joblib import Parallel
            from threadpoolctl import ThreadpoolController

            self._controller = ThreadpoolController()
            self._held.enter_context(
                self._controller.limit(limits=1, user_api="blas")
            )  # for all threads at once
            self._all = self._held.enter_context(Parallel(self.n_threads, prefer="threads"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"n_threads": self.n_threads, "own": self.own}  # what is held stays here when tasks travel

    def each(self, function: Callable[[Any], T], tasks: Iterable[Any]) -> list[T]:
        """Results of `function` for all tasks, in order."""
        if self.n_threads == 1:
            return [function(task) for task in tasks]
        from joblib import delayed

        alone = _Alone(function, self._controller)
        return list(self._all(delayed(alone)(task) for task in tasks))


class _Alone:
    """A function whose OpenMP loops stay in the calling thread, each thread of which has a setting of its own."""

    def __init__(self, function: Callable[[Any], Any], controller: Any) -> None:
        self.function, self.controller = function, controller

    def __getstate__(self) -> dict[str, Any]:
        return {"function": self.function, "controller": None}  # a process limits its own

    def __call__(self, task: Any) -> Any:
        if self.controller is None:
            return self.function(task)
        with self.controller.limit(limits=1, user_api="openmp"):
            return self.function(task)


def _one_torch_thread() -> None:
    torch = sys.modules.get("torch")
    if torch:
        torch.set_num_threads(1)
