"""Weigh chosen rows and look further: shared by ``run`` and ``demo``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weighin._cli.words import in_shell_words

if TYPE_CHECKING:
    from weighin._cli.model import Rows
    from weighin._cli.rows import Chosen
    from weighin._results.importance import Importance
    from weighin._tables.sources import Source


@dataclass(frozen=True)
class Weighed:
    """What was found out before somebody pressed Ctrl-C, or all of it.

    `lacks`: what Ctrl-C kept from being found out, for the end of "... lack ...".
    `notes`: what else was not found out, and why.
    """

    result: Importance
    lacks: str = ""
    notes: tuple[str, ...] = ()


def weigh_rows(
    model: Any,
    chosen: Chosen,
    asked: Rows,
    *,
    simulated: bool,
    progress: bool | None = None,
    unit: str = "",
    source: Source | None = None,
    names: dict[str, str | None] | None = None,
    rows: str = "auto",
    **options: Any,
) -> Weighed:
    """Weigh, look which way features push and which columns go together; after Ctrl-C give what is finished.

    Where a feature that weighs something goes with another column, features are shuffled given the other columns, too.

    `model`: what to weigh. `chosen`: the rows, and what is known of them. `asked`: the same as the model takes them.
    `simulated`: whether the games were made up. `progress`: whether to show a bar. `unit`: of the target. `source`:
    what the rows were drawn from: weigh all of it, or as many rows as a precision takes, by `rows`. `names`: of the
    target and other columns, then. `**options`: to `weighin.weigh`.
    """
    from weighin._base.errors import WeighinError
    from weighin._cli.further import look_further
    from weighin._results.interrupted import Interrupted
    from weighin._weigh.to_result import beside
    from weighin._weigh.weigh import weigh

    try:
        if source is None:
            result = weigh(model, asked.X, asked.y, progress=progress, **asked.beside, **options)
        else:
            named: dict[str, Any] = {
                name: column for name, column in (names or {}).items() if column is not None
            }
            columns = list(asked.X.columns)
            X = source.select(list(dict.fromkeys([*columns, *named.values()])))
            if any(column not in columns for name, column in named.items() if name != "y"):
                options = {**options, "features": options.get("features") or columns}
            result = weigh(model, X, progress=progress, rows=rows, **named, **options)
            chosen = chosen._replace(what=result.rows.replace(f"{result.n_rows:,}", "{n}", 1))
    except Interrupted as interruption:
        described = _described(interruption.result, chosen, simulated, unit)
        return Weighed(described, "the features that were not finished")
    result = _described(result, chosen, simulated, unit)
    try:
        said = {name: options[name] for name in ("missing", "outputs", "classes") if name in options}
        effects, associations = look_further(result, model, asked.X, **said)
    except KeyboardInterrupt:
        return Weighed(result, "effects and associations")
    except WeighinError as error:
        return Weighed(
            result, notes=(f"The result has no effects or associations: {in_shell_words(str(error))}",)
        )
    if effects is not None:
        result = result.with_effects(effects)
    if associations is not None:
        result = result.with_associations(associations)
    if source is not None or not _correlated(result, options):
        return Weighed(result)
    try:
        options |= {"given": "rest", "random_state": result.random_state}
        part = weigh(model, asked.X, asked.y, progress=progress, **asked.beside, **options)
    except KeyboardInterrupt:
        return Weighed(result, "importance given the other columns")
    except WeighinError as error:
        why = in_shell_words(str(error))
        return Weighed(result, notes=(f"The result has no importance given the other columns: {why}",))
    notes = tuple(map(in_shell_words, part.notes))
    return Weighed(beside(result, dataclasses.replace(part, rows=result.rows, notes=notes)))


def _correlated(result: Importance, options: dict[str, Any]) -> bool:
    """Whether a feature that weighs something goes with another column, so that others may carry what it carries.

    Not where features were shuffled given others already, or where time or rows were limited.
    """
    known, claims = result.associations, result.claims()
    if known is None or any(options.get(name) for name in ("given", "precision", "max_seconds", "keep_rows")):
        return False
    certain = bool(result.evidence)
    return any(
        (claims[name] == "heavier" or (not certain and result[name].importance > 0))
        and bool(known[name].close)
        for name in result.features
        if name in known.features
    )


def _described(result: Importance, chosen: Chosen, simulated: bool, unit: str) -> Importance:
    """Add to a result what is known of its rows, and the command that gave it."""
    from weighin._cli.program import command

    notes, trained_on = chosen.notes, chosen.trained_on
    if trained_on:
        notes = (
            f"{trained_on:,} of the {len(chosen.frame):,} rows given are TRAINING ROWS: the model may rely on noise "
            "it memorised there.",
            *notes,
        )
    what = chosen.what.replace("{n}", f"{result.n_rows:,}", 1)
    if trained_on is None:
        what += " (whether the model was trained on them is not known)"
    return dataclasses.replace(
        result,
        rows=what,
        on_training_rows=None if trained_on is None else bool(trained_on),
        simulated=simulated,
        unit=unit,
        notes=(*notes, *map(in_shell_words, result.notes)),
        command=command(),
    )
