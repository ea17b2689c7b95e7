"""``weighin schema``: what is in the files that weighin writes, as JSON schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

import weighin
from weighin._base.errors import InputError, nearest
from weighin._base.files import replacing, together
from weighin._cli import options, outputs
from weighin._cli.printing import say


def schema(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[KIND]", help="importance, shares, effects ...; by default all kinds of results."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="Folder to write to, a file per kind, instead of printing."
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Give the JSON schema of saved results, to check or to read them elsewhere.

    Example: weighin schema importance > importance.schema.json
    """
    kinds = _kinds()
    if kind is not None and kind not in kinds:
        raise InputError(f"Unknown kind of result {kind!r}.{nearest(kind, kinds)} Kinds: {', '.join(kinds)}.")
    chosen = {name: kinds[name].json_schema() for name in ([kind] if kind else kinds)}
    if out is None:
        say(json.dumps(chosen[kind] if kind else chosen, indent=1, ensure_ascii=False))
        return
    paths = {name: out / f"{name}.schema.json" for name in chosen}
    out.mkdir(parents=True, exist_ok=True)
    outputs.check(*paths.values(), force=force)
    with together():
        for name, path in paths.items():
            with replacing(path) as temporary:
                text = json.dumps(chosen[name], indent=1, ensure_ascii=False)
                temporary.write_text(f"{text}\n", encoding="utf-8")
    say(f"Written: {outputs.in_a_row(list(paths.values()))}.")


def _kinds() -> dict[str, Any]:
    """The classes of results, by what "format" says of their files, after "weighin."."""
    from weighin._results.base import Result

    found = [getattr(weighin, name) for name in weighin.__all__]
    results = [kind for kind in found if isinstance(kind, type) and issubclass(kind, Result)]
    return {kind._format.removeprefix("weighin."): kind for kind in results}
