"""The public names, pinned; each documented in numpydoc form."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from typing import Any

import pytest

import weighin
from weighin import adapters, callbacks, results

PUBLIC = [
    "AblatedVariant",
    "Ablation",
    "AllRows",
    "Associations",
    "ComparedFeature",
    "Comparison",
    "Difference",
    "Effects",
    "FeatureAssociations",
    "FeatureEffect",
    "FeatureImportance",
    "FeatureShare",
    "FetchError",
    "GivenFeature",
    "GroupInteraction",
    "Importance",
    "InputError",
    "Interactions",
    "Interrupted",
    "LeaveOneOut",
    "MetricError",
    "MissingDependencyError",
    "ModelError",
    "OutputExistsError",
    "PairInteraction",
    "Part",
    "PartsPlan",
    "PermutationImportance",
    "Recipe",
    "Refits",
    "RefittedFeature",
    "Shares",
    "UntrustedFileError",
    "WeighinError",
    "ablate",
    "associations",
    "cite",
    "compare",
    "effects",
    "interactions",
    "join_parts",
    "permutation_importance",
    "plan_parts",
    "shares",
    "weigh",
    "weigh_part",
    "weigh_refits",
]


def test_the_public_names_are_these():
    assert sorted(weighin.__all__) == PUBLIC


def test_dir_shows_them_and_nothing_private():
    assert dir(weighin) == sorted([*PUBLIC, "__version__"])


def test_each_one_is_there_again_and_again():
    for name in PUBLIC:
        first, second = getattr(weighin, name), getattr(weighin, name)
        assert first is second, name
        assert first.__name__ == name


def test_what_adapters_need_is_public_and_loaded_when_used():
    assert dir(adapters) == sorted(adapters.__all__)
    assert all(getattr(adapters, name) is getattr(adapters, name) for name in adapters.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Modle'"):
        _ = adapters.Modle


def test_callbacks_are_public_documented_and_loaded_when_used():
    assert dir(callbacks) == callbacks.__all__ == ["FastaiImportance", "LightningImportance"]
    assert callbacks.FastaiImportance is callbacks.FastaiImportance
    assert documented(inspect.getdoc(callbacks.FastaiImportance) or "", "Parameters") == [
        *inspect.signature(callbacks.FastaiImportance).parameters
    ]
    with pytest.raises(AttributeError, match="no attribute 'KerasImportance'"):
        _ = callbacks.KerasImportance


def test_an_unknown_name_is_an_attribute_error_that_says_it():
    with pytest.raises(AttributeError, match="no attribute 'wiegh'"):
        _ = weighin.wiegh


def test_each_one_has_a_docstring():
    first_lines = {name: (inspect.getdoc(getattr(weighin, name)) or "").partition("\n")[0] for name in PUBLIC}
    assert [name for name, line in first_lines.items() if len(line) <= 15] == []
    assert [name for name, line in first_lines.items() if not line.rstrip().endswith((".", "with"))] == []


def documented(text: str, section: str) -> list[str]:
    """Names a numpydoc section describes."""
    match = re.search(rf"^{section}\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)", text, re.S | re.M)
    if match is None:
        return []
    heads = re.findall(r"^(\S[^\n]*?)(?: : [^\n]*)?$", match[1], re.M)
    return [name.strip().lstrip("*") for head in heads for name in head.split(",")]


def public_callables() -> dict[str, Any]:
    """Every public name that is called, and the public methods of those that are classes."""
    callables = {}
    for name in PUBLIC:
        thing = getattr(weighin, name)
        # an error takes a message
        if isinstance(thing, type) and issubclass(thing, weighin.WeighinError):
            continue
        callables[name] = thing
        methods = inspect.getmembers(thing, inspect.isroutine) if isinstance(thing, type) else []
        for member, method in methods:
            if not member.startswith("_") and getattr(method, "__module__", "").startswith("weighin."):
                callables[f"{name}.{member}"] = method
    return callables


def test_every_parameter_is_documented():
    wrong = {}
    for name, thing in public_callables().items():
        text = inspect.getdoc(thing) or ""
        section = "Attributes" if hasattr(thing, "__dataclass_fields__") else "Parameters"
        parameters = [parameter for parameter in inspect.signature(thing).parameters if parameter != "self"]
        if documented(text, section) != parameters:
            wrong[name] = (documented(text, section), parameters)
    assert wrong == {}


def test_every_field_of_a_result_is_documented():
    text = inspect.getdoc(weighin.Importance) or ""
    assert documented(text, "Attributes") == [entry.name for entry in dataclasses.fields(weighin.Importance)]


def test_every_public_member_has_a_docstring():
    wrong = [
        f"{name}.{member}"
        for name in PUBLIC
        for member, content in vars(getattr(weighin, name)).items()
        if not member.startswith("_")
        and (callable(content) or isinstance(content, property | classmethod))
        and len(inspect.getdoc(content) or "") <= 15
    ]
    assert wrong == []


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


def classes_in(hint: Any) -> set[type]:
    """The classes of weighin that a type hint names."""
    own = {hint} if isinstance(hint, type) and hint.__module__.startswith("weighin.") else set()
    return own.union(*map(classes_in, typing.get_args(hint)))


def test_every_class_that_results_hand_out_can_be_imported():
    public = {getattr(module, name) for module in (weighin, results) for name in module.__all__}
    hidden = {}
    for name in PUBLIC:
        thing = getattr(weighin, name)
        hints = {"it": typing.get_type_hints(thing).get("return")} if inspect.isfunction(thing) else {}
        if dataclasses.is_dataclass(thing):
            members = dict(inspect.getmembers_static(thing))
            hints = typing.get_type_hints(thing)
            for member, content in members.items():
                content = getattr(content, "fget", getattr(content, "__func__", content))
                if inspect.isfunction(content) and (member == "__getitem__" or not member.startswith("_")):
                    hints[member] = typing.get_type_hints(content).get("return")
        for member, hint in hints.items():
            if not member.startswith("_"):
                hidden |= {kind.__name__: f"{name}.{member}" for kind in classes_in(hint) - public}
    assert hidden == {}


def test_the_parts_of_results_are_documented():
    wrong = [name for name in results.__all__ if len(inspect.getdoc(getattr(results, name)) or "") <= 15]
    assert wrong == []
    for kind in (results.Change, results.Verdict, results.Curve, results.MoveChances, results.CloseColumn):
        fields = [entry.name for entry in dataclasses.fields(kind)]
        assert documented(inspect.getdoc(kind) or "", "Attributes") == fields, kind
