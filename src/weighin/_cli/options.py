"""Options that several verbs have."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any

import typer

from weighin._base.errors import InputError


def _repeats(text: str) -> int | str:
    if text == "auto":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"{text!r} is neither auto nor an integer >= 1.")
    return int(text)


Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="File of a trained model: .pkl (fastai, joblib, PyTorch), .joblib, .pt, .pt2, .skops, .onnx, .keras, "
        "XGBoost's .json or .ubj, LightGBM's .txt, CatBoost's .cbm; or package.module:function, a function from a "
        "table to predictions.",
    ),
]
Learner = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="Learner exported by fastai, learn.export('learner.pkl'), or a pickled estimator: .pkl, .joblib, .skops.",
    ),
]
Rows = Annotated[
    Path,
    typer.Argument(
        metavar="TABLE",
        help="Raw rows with the target: .csv, .parquet, .feather or .jsonl; a pattern in quotes, "
        "'parts/*.csv', takes several files.",
    ),
]
Target = Annotated[
    str | None,
    typer.Option("--target", "-t", metavar="COLUMN", help="Column the model predicts; a learner knows it."),
]
Unit = Annotated[
    str, typer.Option("--unit", metavar="UNIT", help="Unit of the target, for sentences: points, dollars.")
]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMNS",
        help="Columns the model takes, in its order, if it does not name them itself; by default all but "
        "the target.",
    ),
]
Outputs = Annotated[
    str | None,
    typer.Option(
        metavar="MEANING",
        help=(
            "What the model's outputs are, if it does not say: number, count, probability, logit, label, "
            "quantile:0.9."
        ),
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(metavar="LABELS", help="The classes, in the order of the model's outputs: no,yes."),
]
Features = Annotated[
    str | None, typer.Option(metavar="FEATURES", help="Only these features: spread,home_elo.")
]
Group = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=FEATURES",
        help="Swap features together, too, as one: elo=home_elo,away_elo. May be repeated.",
    ),
]
Within = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of strata: rows exchange values only where it is equal."),
]
By = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Column of segments: also numbers for each of its values, such as year."
    ),
]
Repeats = Annotated[
    str,
    typer.Option(
        parser=_repeats,
        metavar="auto|N",
        help="Shuffles per feature: a number, or auto for as many as needed.",
    ),
]
Precision = Annotated[
    float | None,
    typer.Option(
        min=1e-6,
        max=1.0,
        metavar="PART",
        help="Stop when standard errors are at most this share of the largest importance: 0.01.",
    ),
]
Weights = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of sample weights.")]
MaxSeconds = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        metavar="SECONDS",
        help="Stop after about this many seconds, and report the precision reached.",
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        metavar="CONDITIONS", help='Keep rows that meet an SQL condition: "year = 2021 and week < 10".'
    ),
]
Add = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=EXPRESSION",
        help='A column that the model takes and the table lacks: "elo_diff=home_elo - away_elo". May be repeated.',
    ),
]
Missing = Annotated[
    str,
    typer.Option(
        metavar="raise|drop|mean",
        help=(
            "Missing values in columns that had none in training: raise, drop the rows, or fill in the mean."
        ),
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Result to write, JSON; chart and page go beside it.")]
Page = Annotated[bool, typer.Option("--page/--no-page", help="Also write the page: .html beside the result.")]
Open = Annotated[bool, typer.Option("--open", help="Open the page in a browser.")]
Force = Annotated[bool, typer.Option("--force", help="Replace existing outputs.")]
RandomState = Annotated[
    int, typer.Option(min=0, metavar="N", help="Seed: the same one gives the same numbers.")
]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Open the file without asking: a pickle runs the code stored in it."),
]


def names(text: str) -> list[str]:
    """Read names with commas between them; one that holds a comma stands in double quotes."""
    try:
        read = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error as error:
        raise InputError(f"{text!r} cannot be read as names with commas between them: {error}.") from None
    return [name.strip() for name in read if name.strip()]


def names_or_none(text: str | None) -> list[str] | None:
    """Read names, where some were given."""
    return None if text is None else names(text)


def groups(texts: list[str] | None) -> dict[str, list[str]]:
    """Read groups of features: name=feature,feature."""
    read: dict[str, list[str]] = {}
    for text in texts or []:
        name, sign, members = text.partition("=")
        name = name.strip()
        if not sign or not name or not names(members):
            raise InputError(f"--group must be name=feature,feature, got {text!r}.")
        if name in read:
            raise InputError(f"--group names {name!r} more than once.")
        read[name] = names(members)
    return read


def kind_of(path: Path) -> Any:
    """Give the class of a result by the format its file names; an importance, which says what is wrong, for others."""
    import weighin
    from weighin._display.codec import read_json
    from weighin._results.base import Result

    content = read_json(path)
    name = content.get("format") if isinstance(content, dict) else None
    # "weighin.effects" is the format of `weighin.Effects`
    kind = getattr(weighin, str(name).removeprefix("weighin.").capitalize(), None)
    return kind if isinstance(kind, type) and issubclass(kind, Result) else weighin.Importance
