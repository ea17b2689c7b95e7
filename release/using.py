"""Use an installed weighin: run by the Python it is installed for, with an extra's name or nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np

import weighin

extra = sys.argv[1] if len(sys.argv) > 1 else ""


def command(*words: str) -> str:
    """Run the command line and give what it prints."""
    ran = subprocess.run(
        [sys.executable, "-m", "weighin", *words], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


X = np.random.default_rng(0).normal(size=(300, 3))
y = 3 * X[:, 0] + X[:, 1]
imp = weighin.weigh(lambda rows: 3 * rows[:, 0] + rows[:, 1], X, y, metric="mse", random_state=0)
assert {name for name, word in imp.claims().items() if word == "heavier"} == {"x0", "x1"}
imp.save("importance.json")
assert weighin.Importance.load("importance.json") == imp
imp.to_html("importance.html")
imp.plot().figure.savefig("importance.png")
frame = imp.to_frame()
assert str(next(iter(frame["feature"]))) == "x0"
assert "weighin" in weighin.cite(imp)
weighin.shares(lambda rows: rows[:, 0] * rows[:, 1], X, y, metric="mse", random_state=0).to_html(
    "shares.html"
)
assert command("--version") == f"weighin {weighin.__version__}\n"
report = command("doctor")
if extra and extra != "all":
    assert f"  {extra}: complete" in report.splitlines(), report
command("schema", "--out", "schemas")
command("report", "importance.json", "--force")
Path("table.csv").write_text("a,b\n" + "\n".join(f"{i % 7},{i % 5}" for i in range(60)))
if importlib.util.find_spec("duckdb"):
    command("associations", "table.csv", "--where", "a > 1 or b = 0")
if importlib.util.find_spec("torch"):
    import torch

    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    kernels = weighin.weigh(network, X.astype("float32"), y, random_state=0).kernels
    assert set(kernels.values()) == {"sum"}, kernels
if importlib.util.find_spec("fastai"):
    command("demo")
    command("run", "weighin-demo/learner.pkl", "weighin-demo/games.parquet", "--trust", "--out", "run.json")
command("cfbd", "fetch", "--help")
