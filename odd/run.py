"""Do calls in processes of their own, so that one that hangs or dies is counted, not waited for."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from multiprocessing.connection import Connection

import numpy as np

from odd.call import Call, Outcome, outcome_of

SECONDS = 120
MEMORY = 12 * 2**30


def all_calls(seed: int) -> list[Call]:
    """Every call there is, in an order drawn by the seed."""
    from odd import looking, refits, results, shell, verbs

    rng = np.random.default_rng(seed)
    makers = (
        verbs.weigh_calls,
        looking.effects_calls,
        looking.associations_calls,
        looking.drop_in_calls,
        refits.calls,
        results.calls,
        shell.calls,
    )
    found = [call for make in makers for call in make(rng)]
    return [found[place] for place in rng.permutation(len(found))]


def outcomes(calls: list[Call], seconds: float = SECONDS) -> Iterator[tuple[Call, Outcome]]:
    """Do them one after the other; a process that gives no answer in time is killed."""
    fork = multiprocessing.get_context("fork")
    start = 0
    while start < len(calls):
        ours, theirs = fork.Pipe()
        worker = fork.Process(target=_work, args=(calls[start:], theirs))
        worker.start()
        theirs.close()
        try:
            while start < len(calls):
                if not ours.poll(seconds):
                    yield calls[start], Outcome("hang", f"no answer for {seconds:g} seconds")
                    break
                yield calls[start], ours.recv()
                start += 1
        except EOFError:
            worker.join()
            yield calls[start], Outcome("crash", f"the process ended with {worker.exitcode}")
        if start < len(calls):
            start += 1
        if worker.is_alive():
            os.kill(worker.pid, signal.SIGKILL)
        worker.join()


def _work(calls: list[Call], to: Connection) -> None:
    import torch

    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    os.environ["MPLBACKEND"] = "Agg"
    os.chdir(tempfile.mkdtemp(prefix="weighin-odd-"))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    warnings.simplefilter("ignore")
    for call in calls:
        outcome = outcome_of(call)
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
        with contextlib.suppress(BrokenPipeError):
            to.send(outcome)
