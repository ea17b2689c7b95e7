"""The examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib

import pytest
from source_files import MODULE_NAMES

pytestmark = pytest.mark.slow


def test_examples_run():
    """One run of all: a module that fails prints which of its examples do."""
    modules = [importlib.import_module(name) for name in sorted(MODULE_NAMES)]
    results = {module.__name__: doctest.testmod(module) for module in modules}
    assert [name for name, result in results.items() if result.failed] == []
    assert sum(result.attempted for result in results.values()) >= 6
