"""Open the model that a command names, and give it the columns of the table it is for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from weighin._base.errors import (
    MODEL_RAISED,
    InputError,
    ModelError,
    UntrustedFileError,
    WeighinError,
    listing,
    nearest,
)
from weighin._cli.options import names

if TYPE_CHECKING:
    import pandas as pd

    from weighin._football.card import Card

NO_TARGET = (
    "--target is needed: the column that the model predicts. Without one, --metric prediction_change "
    "measures how far predictions move."
)


def check_model(model: str) -> None:
    """Raise before any work unless there is such a file, or `model` names an object in a module.

    Raises InputError.
    """
    from weighin._base.files import check_there
    from weighin._models.files import is_code

    if "\0" in model or not model:
        raise InputError(f"MODEL must be a file or package.module:function, got {model!r}.")
    if Path(model).is_dir():
        raise InputError(
            f"'{model}' is a folder; weighin opens files. Write a function that loads the model and predicts, and name "
            "it: package.module:function."
        )
    if Path(model).exists() or not is_code(model):
        check_there(Path(model))


def open_model(model: str, *, trust: bool) -> Any:
    """Open a file, after asking whether it may run code where it would; or import what the user names.

    Raises InputError if there is no such file, or no such object. Raises UntrustedFileError if nobody trusts it:
    `trust` is false and the answer is no, or there is no terminal to ask on. Raises MissingDependencyError if what
    reads it is not installed. Raises ModelError if it cannot be opened.
    """
    from weighin._models import files

    check_model(model)
    if files.is_code(model) and not Path(model).exists():
        return files.from_code(model)
    # classes of the user's own lie in modules beside what is weighed
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    return files.open_model(Path(model), partial(_ask, model, trusted=trust))


def card_of(model: str) -> Card | None:
    """What weighin's card beside a file says of it."""
    from weighin._football.card import Card

    return Card.for_learner(Path(model)) if Path(model).is_file() else None


def _ask(model: str, what: str, *, trusted: bool) -> None:
    if trusted:
        return
    warning = f"'{model}' {what} Open only files you trust."
    # a program may be started without one at all
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        raise UntrustedFileError(f"{warning} There is no terminal to ask on: pass --trust if you do.")
    try:
        trusted = typer.confirm(f"{warning}\nDo you trust it?", default=False, err=True)
    except typer.Abort:
        raise KeyboardInterrupt from None
    if not trusted:
        raise UntrustedFileError(f"Not opened: '{model}'.")


def is_learner(model: Any) -> bool:
    """Whether it is one of fastai's, which knows its columns, its target and its metric."""
    from weighin._models import type_names

    return "fastai.Learner" in type_names(model)


@dataclass(frozen=True)
class Rows:
    """The rows of a table as a model takes them.

    `X`: what it predicts from; for a learner the whole table.
    `y`: what it should have predicted; None for a learner, which knows its column.
    `beside`: arguments that name columns; those that are no columns of `X` as their values.
    """

    X: pd.DataFrame
    y: pd.Series | None
    beside: dict[str, Any]


def rows_for(
    model: Any,
    frame: pd.DataFrame,
    target: str | None,
    columns: Sequence[str] | None = None,
    **beside: str | None,
) -> Rows:
    """Tell apart what the model takes, what it predicts, and columns that only say something about rows.

    `model`: opened. `frame`: the rows. `target`: column that the model predicts. `columns`: what it takes, in its
    order; by default what it names itself, or every column but the target and those of `beside` that are weights.
    `**beside`: arguments that name columns: by, within, sample_weight. Raises InputError on columns that are not there,
    or a target that is not the learner's.
    """
    if target is not None:
        _check_column(frame, target, "--target")
    if is_learner(model):
        own = [str(name) for name in getattr(model.dls, "y_names", ())]
        if target is not None and own != [target]:
            raise InputError(
                f"--target {target} is not what this learner predicts: {listing(own)}. Leave it out."
            )
        if columns is not None:
            raise InputError(
                "--columns is for models that do not name their columns; this learner does. Leave it out."
            )
        return Rows(frame, None, {name: column for name, column in beside.items() if column is not None})
    for name in columns or ():
        _check_column(frame, name, "--columns")
    if target is not None and target in (columns or ()):
        raise InputError(f"--columns names the target, {target!r}.")
    if columns is not None and len(set(columns)) < len(columns):
        twice = next(name for name in columns if list(columns).count(name) > 1)
        raise InputError(f"--columns names {twice!r} more than once.")
    left_out = {target, beside.get("sample_weight")}
    X = frame[list(columns)] if columns else frame[[name for name in frame.columns if name not in left_out]]
    columns_given: dict[str, Any] = {}
    for name, column in beside.items():
        if column is not None:
            _check_column(frame, column, f"--{name.replace('_', '-')}")
            columns_given[name] = column if column in X.columns else frame[column]
    return Rows(X, None if target is None else frame[target], columns_given)


def classes_of(text: str | None, target: pd.Series | None) -> list[Any] | None:
    """Read the labels of classes, as numbers where those of the target are numbers."""
    if text is None:
        return None
    labels: list[Any] = names(text)
    if target is None or target.dtype.kind not in "iufb":
        return labels
    label_of = {str(value): value for value in target.unique().tolist()}
    try:
        return [label_of[label] if label in label_of else float(label) for label in labels]
    except ValueError:
        raise InputError(
            f"--classes must be values of the target, {listing(label_of)}, got {listing(labels)}."
        ) from None


def _check_column(frame: pd.DataFrame, column: str, option: str) -> None:
    if column not in frame.columns:
        names = list(frame.columns)
        raise InputError(
            f"{option}: the table has no column {column!r}.{nearest(column, names)} Columns: {listing(names, 40)}."
        )


@contextmanager
def failing_in_words(model: str, columns: Sequence[str]) -> Iterator[None]:
    """Turn what a model or the user's code raises into one message that says where.

    Raises ModelError.
    """
    try:
        yield
    except (WeighinError, OSError, MemoryError):
        raise
    except Exception as error:
        # what weighin does wrong itself is not the model's fault
        if MODEL_RAISED not in getattr(error, "__notes__", ()):
            raise
        reason = next(iter(str(error).strip().splitlines()), "")
        raise ModelError(
            f"'{model}' fails on the columns {listing(columns, 8)}: {type(error).__name__}: {reason:.300}. "
            "If the model takes other columns, name them in its order with --columns."
        ) from error
