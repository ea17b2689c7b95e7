"""Run commands of the command line in processes of their own that share one start.

As a program: reads a list of `Job` as JSON, forks once for each, prints the exit codes as JSON.
"""

from __future__ import annotations

import io
import json
import os
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import NamedTuple


class Job(NamedTuple):
    """A command, where it is run, and what becomes of what it prints.

    `printing` is the name of an encoding, "closed pipe", "closed pipes" (stderr too), "full disk" or "closed" (no
    stdout); `killed`: before which renaming of a file it is killed; -1 for never.
    """

    arguments: list[str]
    folder: str
    printing: str
    killed: int = -1


def main() -> None:
    """Fork for each job."""
    jobs = [Job(*entry) for entry in json.load(sys.stdin)]
    # what takes long to load is loaded once
    for name in ("fastai.tabular.all", "weighin._cli.app", "vl_convert", "matplotlib.figure"):
        import_module(name)
    import torch

    from weighin._cli import train
    from weighin._football import simulate

    torch.set_num_threads(1)
    # a small demo
    simulate.simulate_league = partial(simulate.simulate_league, [2018, 2019])
    train.train_and_show.__kwdefaults__["epochs"] = 1
    codes = []
    for job in jobs:
        child = os.fork()
        if child == 0:
            run(job)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(codes))


def run(job: Job) -> None:
    """Run one job, in a child, to the end of the interpreter's cleaning up."""
    os.chdir(job.folder)
    Path("stderr").touch()
    os.dup2(os.open("stderr", os.O_WRONLY), 2)
    out = os.open("/dev/full" if job.printing == "full disk" else "stdout", os.O_WRONLY | os.O_CREAT)
    encoding = job.printing if job.printing in ("ascii", "cp1252") else "utf-8"
    if job.printing.startswith("closed pipe"):
        unread, out = os.pipe()
        os.close(unread)
        if job.printing == "closed pipes":
            os.dup2(out, 2)
    os.dup2(out, 1)
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding)
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), encoding, line_buffering=True
    )
    if job.printing == "closed":
        sys.stdout = None
    if job.killed >= 0:
        kill_at(job.killed)
    sys.argv = ["weighin", *job.arguments]
    from weighin._cli import main

    code = 1
    try:
        main()
    except SystemExit as stop:
        code = stop.code or 0
    # as the interpreter does at its end: it changes the code where that fails
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        code = 120
    os._exit(code)


def kill_at(step: int) -> None:
    """Kill this process before its `step`-th renaming of a file of ours."""
    left = step

    def count(event: str, arguments: tuple) -> None:
        nonlocal left
        if event == "os.rename" and ".weighin-" in str(arguments):
            if left == 0:
                os._exit(9)
            left -= 1

    sys.addaudithook(count)


if __name__ == "__main__":
    main()
