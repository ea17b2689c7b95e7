"""Calls of the command line, in a folder with a table, models and results."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import signal
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np

from odd import tables, values
from odd.call import Call
from odd.results import results
from weighin import WeighinError

MODULE = """
def predict(table):
    return table["x0"] * 2
def fails(table):
    raise ValueError("no")
number = 3
class Class:
    pass
"""


class Message(WeighinError):
    """What the command line said in place of doing what it was asked for."""


class Runs:
    """A pickle that runs code."""

    def __reduce__(self) -> tuple:
        return (Path.touch, (Path("HACKED"),))


@cache
def folder() -> Path:
    """A folder with what commands name."""
    import joblib
    import torch

    place = Path(tempfile.mkdtemp(prefix="weighin-odd-"))
    table = tables.frame().assign(y=tables.target(), level=np.where(np.arange(48) % 2, "a", "b"))
    table.to_csv(place / "table.csv", index=False)
    table.to_parquet(place / "table.parquet")
    for name, model in (
        ("model.joblib", tables.fitted()["regression"]),
        ("classifier.pkl", tables.fitted()["classifier"]),
    ):
        joblib.dump(model, place / name)
    torch.save(tables.fitted()["module"].state_dict(), place / "weights.pt")
    (place / "mine.py").write_text(MODULE)
    (place / "broken.py").write_text("1 / 0\n")
    (place / "bomb.pkl").write_bytes(pickle.dumps(Runs()))
    (place / "dict.pkl").write_bytes(pickle.dumps({"a": 1}))
    (place / "frame.pkl").write_bytes(pickle.dumps(table))
    (place / "folder.pkl").mkdir()
    (place / "loop.pkl").symlink_to("loop.pkl")
    (place / "nowhere.pkl").symlink_to("gone.pkl")
    whole = (place / "model.joblib").read_bytes()
    rubbish = {
        "empty": b"",
        "garbage": b"garbage",
        "zeros": bytes(4096),
        "cut": whole[: len(whole) // 2],
        "json": b"{}",
        "list": b"[1]",
    }
    for suffix in (
        ".pkl",
        ".joblib",
        ".pt",
        ".pt2",
        ".skops",
        ".onnx",
        ".keras",
        ".json",
        ".ubj",
        ".txt",
        ".cbm",
        ".csv",
        ".parquet",
        ".jsonl",
        ".feather",
    ):
        for word, content in rubbish.items():
            (place / f"{word}{suffix}").write_bytes(content)
    for suffix in (".keras", ".pt2", ".skops", ".pkl"):
        with zipfile.ZipFile(
            place / f"bomb{suffix if suffix != '.pkl' else '.zip.pkl'}", "w", zipfile.ZIP_DEFLATED
        ) as archive:
            for number in range(3):
                archive.writestr(f"models/{number}", bytes(2**27))
    for name, result in results().items():
        if " " not in name:
            (place / f"{name}.json").write_text(result.to_json())
    (place / "fifo.csv").exists() or os.mkfifo(place / "fifo.csv")
    (place / "semicolons.csv").write_text("a;b\n1;2\n")
    (place / "twice.csv").write_text("a,a\n1,2\n")
    (place / "header.csv").write_text("x0,x1,x2,y\n")
    (place / "latin.csv").write_bytes("x0,x1,x2,y\né,1,2,3\n".encode("latin-1"))
    (place / "nul.csv").write_bytes(b"x0,x1,x2,y\n1,\x00,2,3\n")
    return place


def command(*arguments: str, trusted: bool = True) -> str:
    """Run a command; a message raises `Message`."""
    from weighin._cli import main

    before, heard, argv, stdin = Path.cwd(), signal.getsignal(signal.SIGINT), sys.argv, sys.stdin
    out, err = io.StringIO(), io.StringIO()
    os.chdir(folder())
    sys.argv, sys.stdin = ["weighin", *arguments], io.StringIO()
    code: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as stop:
                code = stop.code
        hacked = Path("HACKED").exists()
        for path in ("out.json", "out.png", "out.html", "out.npz", "HACKED"):
            Path(path).unlink(missing_ok=True)
    finally:
        os.chdir(before)
        signal.signal(signal.SIGINT, heard)
        sys.argv, sys.stdin = argv, stdin
    said = err.getvalue()
    assert not (hacked and not trusted), "code of a file ran that nobody trusts"
    assert "Traceback" not in said, said
    assert "weighin: unexpected " not in said, said
    assert code in (0, 1, 2, None), f"exit code {code}"
    if code:
        raise Message(said + out.getvalue())
    return out.getvalue()


def calls(rng: np.random.Generator) -> Iterator[Call]:
    """Calls of every verb."""
    model = ["model.joblib", "table.csv", "--target", "y"]
    run = ["run", *model, "--trust", "--n-repeats", "1", "--no-page", "--out", "out.json"]
    effects = ["effects", *model, "--trust", "--grid", "3", "--no-page", "--out", "out.json"]
    associations = ["associations", "table.csv", "--no-page", "--out", "out.json"]
    compare = ["compare", "Importance.json", "Importance.json"]

    def of(verb: list[str], option: str, value: str, *culprits: str) -> Call:
        named = (option, value[:30] or option, repr(value)[1:30], *culprits)
        return Call(
            f"weighin {verb[0]}", f"{option} {value!r:.40}", named, partial(command, *verb, option, value)
        )

    numbers = ("0", "-1", "1e400", "nan", "inf", "", "x", "9" * 400, "1_000", "0x10", "²", " 3", "2.5")
    names = (
        "",
        "nope",
        "X0",
        "y",
        "x0,x0",
        ",",
        '"',
        '"x0',
        "x0,,x1",
        "\x1b[31m",
        "🏈",
        "x" * 9999,
        "x0\nx1",
        "=",
        "--force",
    )
    conditions = (
        "",
        "x0",
        "x0>",
        ">0",
        "x0>>0",
        "x0=1",
        "x0>'a'",
        "nope>1",
        "x0>1e999",
        "x0>nan",
        "level=='a'",
        "level>3",
        "x0>0,",
        ",x0>0",
        "x0>99",
        "'x0'>0",
        '"x0">0',
        "x0>0;drop table t",
        "1=1",
        "x0>0 or 1=1",
        "x0 in (1,2)",
        "read_csv('/etc/passwd')",
        "(" * 2000,
        "x0>0 and",
        "level=='it''s'",
        "x0 between 0 and 1",
        "\x00",
        "x0>'\x1b'",
    )
    for verb in (run, effects, associations):
        for value in numbers:
            yield of(verb, "--random-state", value)
            if verb is not run:
                yield of(verb, "--n-rows", value, "n_rows")
        for value in names:
            yield of(verb, "--features", value, "feature", "Nothing", "column")
        for value in conditions:
            yield of(verb, "--where", value, "rows", "where", "column")
        for value in (
            "",
            "out",
            "out.txt",
            ".",
            "nowhere/out.json",
            "\x00.json",
            "x" * 300 + ".json",
            "/proc/out.json",
            "mine.py/out.json",
        ):
            yield of(verb, "--out", value, "output", "folder")
    for value in numbers:
        yield of(run, "--n-repeats", value)
        yield of(run, "--precision", value, "precision")
        yield of(run, "--max-seconds", value, "max_seconds")
        yield of(effects, "--grid", value, "grid")
        yield of(associations, "--threshold", value, "threshold")
    for value in names:
        for option in ("--by", "--within", "--sample-weight", "--target", "--columns", "--metric", "--group"):
            yield of(run, option, value, option[2:], "column", "sample_weight")
        yield of(run, "--missing", value, "missing")
        yield of(run, "--rows", value, "rows")
        yield of(effects, "--output", value, "output")
        yield of(compare, "--labels", value, "label")
        yield of(compare, "--metric", value, "metric")
        for option in ("--drop", "--add", "--replace", "--split", "--group", "--epochs"):
            yield of(
                [
                    "ablate",
                    "model.joblib",
                    "table.csv",
                    "--trust",
                    "-t",
                    "y",
                    "--fits",
                    "2",
                    "--drop",
                    "x2",
                    "--force",
                ],
                option,
                value,
                option[2:],
                "model.joblib",
                "epochs",
            )
    for path in [
        *sorted(path.name for path in folder().iterdir()),
        "",
        ".",
        "nope.pkl",
        "mine:predict",
        "mine:nope",
        "nope:predict",
        "mine:fails",
        "mine:number",
        "mine:Class",
        "broken:predict",
        "os:getcwd",
        "mine:",
        ":predict",
        "a:b:c",
        "\x00",
        "x" * 5000,
        "/dev/null",
        "/dev/zero",
        "model.jobib",
        "MODEL.JOBLIB",
        "../",
        "~",
        "http://x/model.pkl",
        "🏈.pkl",
        "-",
    ]:
        culprits = (
            path[:40].rstrip("/") or "model",
            "null byte",
            path.partition(":")[0] or "MODEL",
            repr(path)[1:-1],
        )
        for verb, rest in (
            ("run", ["--out", "out.json", "--no-page", "--n-repeats", "1"]),
            ("effects", ["--out", "out.json", "--no-page", "--grid", "2"]),
        ):
            asked = [verb, path, "table.csv", "--target", "y", "--columns", "x0,x1,x2", *rest]
            yield Call(
                f"weighin {verb}", f"model {path!r:.40}", culprits, partial(command, *asked, "--trust")
            )
            if verb == "run":
                yield Call(
                    "weighin run",
                    f"untrusted {path!r:.40}",
                    culprits,
                    partial(command, *asked, trusted=False),
                )
        if path != "/dev/zero":
            asked = ["associations", path, "--out", "out.json", "--no-page"]
            yield Call("weighin associations", f"table {path!r:.40}", culprits, partial(command, *asked))
            asked = [
                "run",
                "model.joblib",
                path,
                "--target",
                "y",
                "--trust",
                "--out",
                "out.json",
                "--no-page",
                "--n-repeats",
                "1",
            ]
            yield Call("weighin run", f"table {path!r:.40}", culprits, partial(command, *asked))
            yield Call(
                "weighin report",
                f"{path!r:.40}",
                culprits,
                partial(command, "report", path, "-o", "out.html"),
            )
            yield Call(
                "weighin compare",
                f"{path!r:.40}",
                culprits,
                partial(command, "compare", path, "Importance.json"),
            )
    for words in (
        [],
        ["wiegh"],
        ["--version"],
        ["--help"],
        ["run"],
        ["run", "--help"],
        ["cfbd"],
        ["cfbd", "nope"],
        ["demo", "--random-state", "x"],
        ["run", "a", "b", "c"],
        ["--nope"],
        ["run", "--nope"],
        ["cfbd", "train"],
        ["cfbd", "fetch", "--seasons", "x"],
        ["report"],
        [""],
    ):
        yield Call("weighin", " ".join(words), (*words[-1:], "Usage", "Missing"), partial(command, *words))


def damaged(text: str) -> str:
    """A result whose version is another."""
    return json.dumps(json.loads(text) | {"version": 99})


__all__ = ["calls", "command", "folder", "values"]
