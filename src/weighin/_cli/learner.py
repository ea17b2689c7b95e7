"""Open a learner file: a pickle, so only when somebody says it may run."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import typer

from weighin._base.errors import ModelError, UntrustedFileError
from weighin._base.files import check_there
from weighin._base.optional import require


def open_learner(path: Path, *, trust: bool) -> Any:
    """Load an exported fastai learner after asking whether it may run code.

    Raises
    ------
    InputError
        If there is no such file.
    UntrustedFileError
        If nobody trusts it: `trust` is false and the answer is no, or there is no terminal to ask on.
    ModelError
        If it is not an exported learner.
    """
    check_there(path)
    if not trust:
        _ask(path)
    require("fastai", "fastai", "open a learner")
    from fastai.learner import Learner, load_learner

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="load_learner` uses Python's insecure pickle")
            learner = load_learner(path)
    except KeyboardInterrupt:
        raise
    # a pickle may raise anything
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"'{path}' is not a learner exported by fastai: {reason}") from error
    if not isinstance(learner, Learner):
        raise ModelError(
            f"'{path}' holds a {type(learner).__module__}.{type(learner).__name__}, not a fastai learner. "
            "Write one with learn.export(path)."
        )
    return learner


def _ask(path: Path) -> None:
    told = f"'{path}' is a pickle: opening it runs the code stored in it. Open only files you trust."
    # a program may be started without one at all
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        raise UntrustedFileError(f"{told} There is no terminal to ask on: pass --trust if you do.")
    if not typer.confirm(f"{told}\nDo you trust it?", default=False, err=True):
        raise UntrustedFileError(f"Not opened: '{path}'.")
