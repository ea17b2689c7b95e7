"""Saved results of every kind are what their JSON schemas say."""

from __future__ import annotations

import dataclasses
import json

import every_kind
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from sklearn.linear_model import LogisticRegression

import weighin

NAMES = every_kind.PLAIN
KINDS = sorted(name for name in weighin.__all__ if hasattr(getattr(weighin, name), "json_schema"))


def model(table):
    return 3 * table["spread"].to_numpy() - table["elo"].to_numpy()


def weighed(metric="mae", **options):
    table = every_kind.rows(NAMES)
    y = model(table) + np.random.default_rng(1).normal(size=len(table))
    return weighin.weigh(
        model, table, y, metric=metric, n_repeats=5, random_state=0, progress=False, **options
    )


def classified(metric):
    X = every_kind.rows(NAMES)[["spread", "elo"]]
    y = (X["spread"] > 0).astype(int)
    fitted = LogisticRegression().fit(X, y)
    return weighin.weigh(fitted, X, y, metric=metric, n_repeats=5, random_state=0, progress=False)


# importances whose files differ: by what intervals are made of, and by their parts
IMPORTANCES = {
    "strata": lambda: weighed(within="team"),
    "segments": lambda: weighed(by="week"),
    "given": lambda: weighed(given=[None, "rest"]),
    "left out": lambda: weighed("median_absolute_error"),
    "a curve": lambda: classified("roc_auc"),
    "counts": lambda: classified("f1"),
    "no target": lambda: weighed("prediction_change"),
    "no interval": lambda: weighed("max_error"),
    "effects": lambda: every_kind.importance(NAMES).with_effects(every_kind.effects(NAMES)),
    "associations": lambda: every_kind.importance(NAMES).with_associations(every_kind.associations(NAMES)),
}


def interactions():
    return weighin.interactions(
        lambda table: table["spread"] * table["elo"],
        every_kind.rows(NAMES),
        n_repeats=5,
        random_state=0,
        progress=False,
    )


def check(result):
    schema = type(result).json_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(result.to_json()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_every_kind_of_result(kind):
    for names in (NAMES, every_kind.HOSTILE):
        if kind in every_kind.MAKERS:
            check(every_kind.MAKERS[kind](names))
    if kind == "Interactions":
        check(interactions())


@pytest.mark.parametrize("what", IMPORTANCES)
@pytest.mark.slow
def test_every_importance(what):
    check(IMPORTANCES[what]())


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("format", "weighin.shares"),
        ("version", 1),
        ("n_rows", "many"),
        ("features", "spread"),
        ("importances", [["a"]]),
        ("link", "cube"),
        ("on_training_rows", 1),
        ("evidence", [{}]),
        ("parts", [{"features": []}]),
    ],
)
def test_what_load_refuses_the_schema_refuses_too(tmp_path, field, wrong):
    path = tmp_path / "importance.json"
    content = json.loads(every_kind.importance(NAMES).to_json()) | {field: wrong}
    path.write_text(json.dumps(content))
    assert not Draft202012Validator(weighin.Importance.json_schema()).is_valid(content)
    with pytest.raises(weighin.InputError):
        weighin.Importance.load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_in_it_and_described(kind):
    cls = getattr(weighin, kind)
    described = cls.json_schema()["$defs"][kind]["properties"]
    written = {entry.name for entry in dataclasses.fields(cls)} - cls._left_out
    assert set(described) == written
    assert [name for name, field in described.items() if not field.get("description")] == []
