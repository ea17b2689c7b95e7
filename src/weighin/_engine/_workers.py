"""Python threads with one torch thread each, and torch's own setting given back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

import torch

T = TypeVar("T")


class Workers:
    """Map tasks over threads; with one thread, over none: in the calling thread, with torch's own threads.

    Chunks in parallel beat a parallel matrix product: nothing waits, also beside a busy neighbour.

    Parameters
    ----------
    n_threads : int
        Threads to use; at most as many as there are tasks make sense.
    """

    def __init__(self, n_threads: int = 1) -> None:
        self.n_threads = n_threads
        self._pool: ThreadPoolExecutor | None = None
        self._torch_threads = 0

    def __enter__(self) -> Workers:
        if self.n_threads > 1:
            self._torch_threads = torch.get_num_threads()
            self._pool = ThreadPoolExecutor(self.n_threads, "weighin", torch.set_num_threads, (1,))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
            torch.set_num_threads(
                self._torch_threads
            )  # the workers' setting is also what new threads start with

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
            raise
