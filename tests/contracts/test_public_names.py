"""The public names, pinned; each documented in numpydoc form."""

from __future__ import annotations

import dataclasses
import inspect
import re

import pytest

import weighin

PUBLIC = [
    "Ablation",
    "Associations",
    "Comparison",
    "Effects",
    "FetchError",
    "Importance",
    "InputError",
    "Interrupted",
    "MetricError",
    "MissingDependencyError",
    "ModelError",
    "OutputExistsError",
    "PermutationImportance",
    "Recipe",
    "Refits",
    "UntrustedFileError",
    "WeighinError",
    "ablate",
    "associations",
    "compare",
    "effects",
    "permutation_importance",
    "weigh",
    "weigh_refits",
]


def test_the_public_names_are_these():
    assert sorted(weighin.__all__) == PUBLIC


def test_dir_shows_them_and_nothing_private():
    assert dir(weighin) == sorted([*PUBLIC, "__version__"])


@pytest.mark.parametrize("name", PUBLIC)
def test_each_one_is_there_again_and_again(name):
    first, second = getattr(weighin, name), getattr(weighin, name)
    assert first is second
    assert first.__name__ == name


def test_an_unknown_name_is_an_attribute_error_that_says_it():
    with pytest.raises(AttributeError, match="no attribute 'wiegh'"):
        _ = weighin.wiegh


@pytest.mark.parametrize("name", PUBLIC)
def test_each_one_has_a_docstring(name):
    text = inspect.getdoc(getattr(weighin, name)) or ""
    assert len(text.splitlines()[0]) > 15
    assert text.splitlines()[0].rstrip().endswith((".", "with"))


def documented(text: str, section: str) -> list[str]:
    """Names a numpydoc section describes."""
    match = re.search(rf"^{section}\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)", text, re.S | re.M)
    if match is None:
        return []
    heads = re.findall(r"^(\S[^\n]*?)(?: : [^\n]*)?$", match[1], re.M)
    return [name.strip().lstrip("*") for head in heads for name in head.split(",")]


def public_callables():
    """Every public name that is called, and the public methods of those that are classes."""
    for name in PUBLIC:
        thing = getattr(weighin, name)
        if isinstance(thing, type) and issubclass(thing, weighin.WeighinError):
            continue  # takes a message
        yield pytest.param(thing, id=name)
        methods = inspect.getmembers(thing, inspect.isroutine) if isinstance(thing, type) else []
        for member, method in methods:
            if not member.startswith("_") and getattr(method, "__module__", "").startswith("weighin."):
                yield pytest.param(method, id=f"{name}.{member}")


@pytest.mark.parametrize("thing", list(public_callables()))
def test_every_parameter_is_documented(thing):
    text = inspect.getdoc(thing) or ""
    section = "Attributes" if hasattr(thing, "__dataclass_fields__") else "Parameters"
    parameters = [name for name in inspect.signature(thing).parameters if name != "self"]
    assert documented(text, section) == parameters


def test_every_field_of_a_result_is_documented():
    text = inspect.getdoc(weighin.Importance) or ""
    assert documented(text, "Attributes") == [entry.name for entry in dataclasses.fields(weighin.Importance)]


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in ("weigh",)])
def test_every_public_member_has_a_docstring(name):
    for member, content in vars(getattr(weighin, name)).items():
        if not member.startswith("_") and (callable(content) or isinstance(content, property | classmethod)):
            assert len(inspect.getdoc(content) or "") > 15, f"{name}.{member}"


def test_what_a_function_raises_is_documented_by_names_that_exist():
    text = inspect.getdoc(weighin.weigh) or ""
    raised = documented(text, "Raises")
    assert raised
    assert all(name in PUBLIC for name in raised)


def test_every_error_is_a_weighin_error_and_a_builtin_one():
    builtin = {
        "InputError": ValueError,
        "MetricError": ValueError,
        "ModelError": TypeError,
        "OutputExistsError": FileExistsError,
        "UntrustedFileError": PermissionError,
        "MissingDependencyError": ImportError,
    }
    for name, kind in builtin.items():
        error = getattr(weighin, name)
        assert issubclass(error, weighin.WeighinError)
        assert issubclass(error, kind)
    assert issubclass(weighin.FetchError, weighin.WeighinError)
    assert issubclass(weighin.Interrupted, KeyboardInterrupt)
    assert not issubclass(weighin.Interrupted, weighin.WeighinError)
