"""A type checker knows every public name and what each verb gives."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import weighin

USER_CODE = Path(__file__).with_name("user_code.py")


def test_the_code_of_a_user_names_everything_that_is_public():
    words = set(re.findall(r"\w+", USER_CODE.read_text(encoding="utf-8")))
    assert set(weighin.__all__) <= words


@pytest.mark.slow
def test_a_type_checker_finds_no_fault_in_it(pytestconfig: pytest.Config):
    """One run of mypy, in its strict mode."""
    settings = ["--strict", "--follow-imports=silent", "--no-error-summary"]
    cache = pytestconfig.cache
    assert cache is not None
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *settings, "--cache-dir", str(cache.mkdir("mypy")), str(USER_CODE)],
        capture_output=True,
        text=True,
        check=False,
        # the package that is tested, not one installed elsewhere
        env={**os.environ, "MYPYPATH": str(Path(weighin.__file__).parents[1])},
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
