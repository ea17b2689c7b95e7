"""``python -m odd.processes``: kill commands, fill their disk, start several at once; see what is left.

Outputs must be all old or all new once weighin has looked at the folder again, and read back whole.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
VERBS = {
    "run": "run model.joblib table.csv -t y --trust --force --n-repeats {n} -o out.json".split(),
    "effects": "effects model.joblib table.csv -t y --trust --force --grid {n} -o out.json".split(),
    "interactions": "interactions model.joblib table.csv -t y --trust --force --n-repeats {n} -o out.json".split(),
    "ablate": "ablate model.joblib table.csv -t y --trust --force --drop each --fits {n} -o out.json".split(),
    "associations": "associations table.csv --force --n-rows 4{n} -o out.json".split(),
    "compare": "compare a.json b.json --force --labels a,b{n} -o out.json".split(),
    "report": "report a.json --force -o out.html".split(),
}


def prepare(folder: Path) -> None:
    """A table, a model and two results."""
    import joblib

    import weighin
    from odd import tables

    table = tables.frame().assign(y=tables.target())
    table.to_csv(folder / "table.csv", index=False)
    joblib.dump(tables.fitted()["regression"], folder / "model.joblib")
    for name, seed in (("a", 0), ("b", 1)):
        imp = weighin.weigh(tables.linear, tables.frame(), tables.target(), n_repeats=2, random_state=seed)
        imp.save(folder / f"{name}.json")


def start(verb: str, n: int, folder: Path) -> subprocess.Popen:
    """Start a command."""
    command = [sys.executable, "-m", "weighin", *(word.replace("{n}", str(n)) for word in VERBS[verb])]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    # a command started in the background ignores them, and so would what it starts
    heard = [(sent, signal.signal(sent, signal.SIG_DFL)) for sent in SIGNALS if sent != signal.SIGKILL]
    try:
        return subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True
        )
    finally:
        for sent, before in heard:
            signal.signal(sent, before)


def state(folder: Path) -> tuple[str, ...]:
    """Outputs that are there, by content, and hidden files, after weighin has put right what was left."""
    from weighin._base.files import check_there

    with contextlib.suppress(OSError):
        check_there(folder / "table.csv")
    hidden = [path.name for path in folder.iterdir() if ".weighin-" in path.name]
    return tuple(hidden)


def whole(verb: str, folder: Path) -> str:
    """What is wrong with the outputs: all of one run, and each whole."""
    import weighin

    if verb == "report":
        page = folder / "out.html"
        return "" if not page.exists() or page.read_text().rstrip().endswith("</html>") else "half a page"
    kinds = {
        "run": weighin.Importance,
        "effects": weighin.Effects,
        "interactions": weighin.Interactions,
        "ablate": weighin.Ablation,
        "associations": weighin.Associations,
        "compare": weighin.Comparison,
    }
    paths = [folder / f"out.{suffix}" for suffix in ("json", "png", "html")]
    there = [path for path in paths if path.exists()]
    if not there:
        return ""
    if len(there) < 3:
        return f"only {', '.join(path.name for path in there)}"
    found = kinds[verb].load(paths[0])
    if not paths[1].read_bytes().endswith(b"IEND\xaeB`\x82"):
        return "half a chart"
    if not paths[2].read_text().rstrip().endswith("</html>"):
        return "half a page"
    return "" if dict(found.tell().made)["Date"] in paths[2].read_text() else "of several runs"


def killed(verb: str, tries: int, rng: np.random.Generator) -> Counter:
    """Send a signal at a random moment."""
    counts: Counter = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        began = time.monotonic()
        process = start(verb, 3, folder)
        process.communicate()
        took = time.monotonic() - began
        for number in range(tries):
            sent = SIGNALS[number % len(SIGNALS)]
            process = start(verb, 2 + number % 2, folder)
            # most moments lie where files are written
            moment = took * (rng.uniform(0.0, 1.1) if number % 8 < 4 else rng.uniform(0.75, 1.02))
            try:
                _, err = process.communicate(timeout=moment)
                ended = "done before"
            except subprocess.TimeoutExpired:
                process.send_signal(sent)
                try:
                    _, err = process.communicate(timeout=30)
                    ended = f"{sent.name} {process.returncode}"
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    counts[f"{sent.name}: HANG"] += 1
                    continue
            counts[ended] += 1
            if "Traceback" in err:
                counts[f"{sent.name}: TRACEBACK"] += 1
                print(verb, sent.name, err[-600:])
            left, wrong = state(folder), whole(verb, folder)
            counts["HIDDEN FILES LEFT"] += bool(left)
            if wrong:
                counts[f"WRONG: {wrong}"] += 1
    return counts


def crowded(verb: str, processes: int, rounds: int) -> Counter:
    """Start several at once that write the same outputs."""
    counts: Counter = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        for _ in range(rounds):
            running = [start(verb, 2 + number, folder) for number in range(processes)]
            for process in running:
                _, err = process.communicate()
                counts[f"exit {process.returncode}"] += 1
                if process.returncode:
                    print(verb, err[-300:])
            left, wrong = state(folder), whole(verb, folder)
            counts["HIDDEN FILES LEFT"] += bool(left)
            if wrong:
                counts[f"WRONG: {wrong}"] += 1
    return counts


def full(verb: str) -> Counter:
    """Write to disks of several sizes, each too small for one more of the files."""
    counts: Counter = Counter()
    for kilobytes in (0, 4, 12, 24, 40, 64, 100, 160, 300, 600, 1000):
        with tempfile.TemporaryDirectory() as name:
            folder, disk = Path(name), Path(name) / "disk"
            prepare(folder)
            disk.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
            try:
                filler = (2048 - kilobytes) * 1024
                (disk / "filler").write_bytes(bytes(max(0, filler)))
                command = [word.replace("{n}", "2") for word in VERBS[verb]]
                command[-1] = f"disk/{command[-1]}"
                ran = subprocess.run(
                    [sys.executable, "-m", "weighin", *command],
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                counts[f"exit {ran.returncode}"] += 1
                if "Traceback" in ran.stderr or (ran.returncode and "No space left" not in ran.stderr):
                    counts["BAD MESSAGE"] += 1
                    print(verb, kilobytes, ran.stderr[-300:])
                left = {path.name for path in disk.iterdir()} - {"filler", "out.fits"}
                # the numbers alone are better than nothing, and it is said
                numbers = left == {"out.json"} and "The numbers are in" in ran.stderr
                counts["numbers alone"] += numbers
                counts["FILES LEFT"] += bool(ran.returncode and left and not numbers)
            finally:
                subprocess.run(["umount", disk], check=False)
    return counts


def main() -> int:
    """Try all verbs; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m odd.processes", description=__doc__)
    parser.add_argument("--tries", type=int, default=40, help="signals for each verb")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbs", nargs="*", default=list(VERBS), choices=list(VERBS), help="only these")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    bad = 0
    for verb in options.verbs:
        for what, found in (
            ("signals", killed(verb, options.tries, rng)),
            ("at once", crowded(verb, 4, 3)),
            *([("full disk", full(verb))] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        ):
            print(f"{verb:13} {what:10} {dict(+found)}", flush=True)
            bad += sum(count for name, count in found.items() if name.partition(":")[0].isupper())
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
