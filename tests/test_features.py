"""Choosing features and groups."""

from __future__ import annotations

import pytest

from weighin import InputError
from weighin._tables.features import Feature, select

HOME, ELO, SPREAD = Feature("home_name", (0,)), Feature("home_elo", (1, 3)), Feature("spread", (4,))
ALL = (HOME, ELO, SPREAD)


def test_all_features_by_default_in_the_models_order():
    assert select(ALL) == ALL


def test_named_features_come_in_the_models_order():
    assert select(ALL, features=iter(["spread", "home_name"])) == (HOME, SPREAD)


def test_a_group_owns_the_columns_of_all_its_members_and_comes_after_the_features():
    (*singles, group) = select(ALL, groups={"power": ("spread", "home_elo")})
    assert tuple(singles) == ALL
    assert group.name == "power"
    assert sorted(group.columns) == [1, 3, 4]
    assert group.members == ("spread", "home_elo")


def test_groups_alone():
    assert [
        f.name for f in select(ALL, features=[], groups={"a": ["spread"], "b": ["spread", "home_name"]})
    ] == [
        "a",
        "b",
    ]


@pytest.mark.parametrize(
    ("features", "groups", "message"),
    [
        (
            ["home_ello"],
            None,
            r"Unknown feature 'home_ello' in features\. Did you mean 'home_elo'\? Features: 'home_name'",
        ),
        ([3], None, r"features must hold names \(text\), got 3"),
        ([["spread"]], None, r"features must hold names \(text\), got \['spread'\]"),
        ("spread", None, r"features must be a list of names, got the text 'spread'; write \['spread'\]"),
        (7, None, r"features must be a list of names, got int"),
        (["spread", "spread"], None, r"features names 'spread' more than once"),
        ([], None, r"Nothing to weigh"),
        ([], {}, r"Nothing to weigh"),
        (None, ["spread"], r"groups must map a name to a list of features, got list"),
        (None, {"spread": ["home_elo"]}, r"The group 'spread' has the name of a feature"),
        (None, {"g": []}, r"groups\['g'\] is empty"),
        (None, {"g": "spread"}, r"groups\['g'\] must be a list of names, got the text 'spread'"),
        (None, {"g": 5}, r"groups\['g'\] must be a list of names, got int"),
        (None, {"g": ["spred"]}, r"Unknown feature 'spred' in groups\['g'\]\. Did you mean 'spread'"),
        (None, {"g": ["spread", "spread"]}, r"groups\['g'\] names 'spread' more than once"),
        (None, {5: ["spread"]}, r"The name of a group must be text, got 5"),
    ],
)
def test_what_cannot_be_chosen_is_said(features, groups, message):
    with pytest.raises(InputError, match=message):
        select(ALL, features, groups)
