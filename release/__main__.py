"""Build wheel and sdist, install them into bare environments, and use them there: ``python -m release``.

Each Python from 3.11 on that is found gets the wheel without extras; the oldest one also the sdist, and each extra.
``--all`` gives every Python every extra.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = Path(__file__).with_name("using.py")
INTERNAL = {"dev", "bench", "docs"}


def main() -> int:
    """Check a release, a line for each environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every extra on every Python")
    every = parser.parse_args().all
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wheel, sdist = build(folder)
        sizes = (f"{archive.name}, {archive.stat().st_size / 1e3:.0f} kB" for archive in (wheel, sdist))
        print("Built:", *sizes)
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
            "optional-dependencies"
        ]
        chosen = sorted(set(extras) - INTERNAL)
        found = pythons()
        plans = [(python, wheel, "") for python in found] + [(found[0], sdist, "")]
        plans += [(python, wheel, extra) for python in (found if every else found[:1]) for extra in chosen]
        failed = missing_files(wheel, sdist)
        print("\n".join(f"NOT PACKED: {name}" for name in failed) or "Everything that belongs in is packed.")
        for number, (python, archive, extra) in enumerate(plans):
            wrong = tried(folder / f"env{number}", python, archive, extra)
            failed += [wrong] if wrong else []
            kind = "sdist" if archive is sdist else "wheel"
            print(
                f"{version_of(python):7} {kind} {f'[{extra}]' if extra else 'no extras':11} {wrong or 'ok'}",
                flush=True,
            )
            shutil.rmtree(folder / f"env{number}", ignore_errors=True)
    return bool(failed)


def pythons() -> list[str]:
    """The interpreters that are here, one of each version from 3.11 on, the oldest first."""
    known: dict[int, str] = {}
    for minor in range(11, 20):
        kept = Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python")
        for path in filter(None, [shutil.which(f"python3.{minor}"), *map(str, kept)]):
            # what stands for a version that is not installed fails
            if subprocess.run([path, "-c", "import venv"], capture_output=True).returncode == 0:
                known.setdefault(minor, path)
    return list(known.values()) or [sys.executable]


def version_of(python: str) -> str:
    return run(python, "-c", "import platform; print(platform.python_version())").strip()


def build(folder: Path) -> tuple[Path, Path]:
    """Build from a clean copy of what git knows: nothing that lies about gets in."""
    source = folder / "source"
    names = run("git", "ls-files", "-z", cwd=ROOT).split("\0")
    for name in filter(None, names):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    python = environment(folder / "build", sys.executable)
    run(python, "-m", "pip", "install", "-q", "hatchling")
    run(python, "-m", "hatchling", "build", "-d", str(folder / "dist"), cwd=source)
    (wheel,), (sdist,) = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    return wheel, sdist


def missing_files(wheel: Path, sdist: Path) -> list[str]:
    """Files that git knows and an archive lacks: of the package in the wheel, of the project in the sdist."""
    known = [name for name in run("git", "ls-files", "-z", cwd=ROOT).split("\0") if name]
    packed = set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(sdist) as archive:
        copied = {name.partition("/")[2] for name in archive.getnames()}
    outside = re.compile(r"\.(ci|git\w+)\b")
    return [
        *(
            f"wheel: {name}"
            for name in known
            if name.startswith("src/") and name.removeprefix("src/") not in packed
        ),
        *(f"sdist: {name}" for name in known if not outside.match(name) and name not in copied),
    ]


def environment(folder: Path, python: str) -> str:
    """A new environment with nothing in it, and its Python."""
    run(python, "-m", "venv", str(folder))
    return str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")


def tried(folder: Path, python: str, archive: Path, extra: str) -> str:
    """Install into an environment of its own and use it there; what went wrong, or nothing."""
    try:
        inside = environment(folder, python)
        install = (inside, "-m", "pip", "install", "-q", "--disable-pip-version-check")
        if extra in ("torch", "fastai", "all"):
            # first and alone: pip then takes a CPU build where one is offered
            run(*install, "torch")
        run(*install, f"{archive}[{extra}]" if extra else str(archive))
        run(inside, "-m", "pip", "check")
        (folder / "work").mkdir()
        run(inside, str(CODE), extra, cwd=folder / "work")
    except subprocess.CalledProcessError as error:
        last = [line for line in (error.stderr or error.stdout or "").splitlines() if line.strip()][-3:]
        return f"FAILED: {' '.join(map(str, error.cmd[1:5]))}: {' | '.join(last)}"
    return ""


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a command and give what it prints; nothing of this environment gets in."""
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        command, cwd=cwd, env={**environ, "MPLBACKEND": "Agg"}, capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
