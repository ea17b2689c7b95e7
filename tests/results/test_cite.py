"""How a paper cites the package, and what it says of a result."""

from __future__ import annotations

import dataclasses
import functools
import re
from pathlib import Path

import every_kind
import pytest
import yaml

import weighin
from weighin import InputError

ROOT = Path(__file__).parents[2]


def test_the_citation_file_says_the_same():
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert content["version"] == weighin.__version__
    assert weighin.cite().startswith(f"{content['authors'][0]['name']} (")
    assert weighin.cite().endswith(f"). {content['title']}. Version {content['version']}.")
    assert content["cff-version"] == "1.2.0"


def test_without_a_result_it_is_this_version_and_this_year():
    entry = weighin.cite(style="bibtex")
    assert entry.startswith("@software{weighin,\n")
    assert f"version = {{{weighin.__version__}}}" in entry
    # no family name and given names: braces keep it together
    assert "author = {{The weighin developers}}" in entry


@functools.cache
def interactions(names):
    return weighin.interactions(
        lambda table: table["spread"] * table["elo"],
        every_kind.rows(names),
        n_repeats=5,
        random_state=0,
        progress=False,
    )


KINDS = {**every_kind.MAKERS, "Interactions": interactions}


@pytest.mark.parametrize("name", KINDS)
def test_a_result_of_every_kind_has_a_paragraph_and_its_papers(name):
    result = KINDS[name](every_kind.PLAIN)
    paragraph, papers = weighin.cite(result).split("\n\n")
    assert paragraph.startswith("We ")
    assert paragraph.endswith(f" We used weighin {weighin.__version__}.")
    assert "[" not in paragraph
    entries = weighin.cite(result, style="bibtex").split("\n\n")
    assert len(entries) == len(papers.splitlines())
    for paper, entry in zip(papers.splitlines()[1:], entries[1:], strict=True):
        (year,) = re.findall(r"\((\d{4})\)", paper)
        assert f"{paper.split()[0].rstrip(',')}" in paragraph
        assert year in paragraph
        assert f"year = {{{year}}}" in entry
        assert entry.count("{") == entry.count("}")


def test_the_paragraph_has_the_numbers_of_the_result():
    imp = every_kind.importance(every_kind.PLAIN)
    text = weighin.cite(imp)
    assert "the 240 rows given, by mae, rmse, when" in text
    assert "(5 shuffles, seed 0)" in text
    assert "Fisher A, Rudin C, Dominici F (2019)" in text
    assert "given other columns" not in text
    simulated = dataclasses.replace(
        imp, simulated=True, date="2031-05-01T00:00:00+00:00", versions={"weighin": "9.9"}
    )
    assert weighin.cite(simulated).startswith("SIMULATED DATA. We measured")
    assert "The weighin developers (2031)." in weighin.cite(simulated)
    assert "We used weighin 9.9." in weighin.cite(simulated)
    given = dataclasses.replace(imp, given="rest")
    assert "Strobl" in weighin.cite(given)


def test_a_result_without_intervals_claims_none():
    imp = dataclasses.replace(every_kind.importance(every_kind.PLAIN), evidence=())
    assert "Intervals" not in weighin.cite(imp)
    assert "Hall" not in weighin.cite(imp)


def test_what_cannot_be_cited_is_refused():
    with pytest.raises(
        InputError, match=r"style must be 'text' or 'bibtex', got 'bibtx'. Did you mean 'bibtex'?"
    ):
        weighin.cite(style="bibtx")
    with pytest.raises(InputError, match="result must be a result of weighin, got DataFrame"):
        weighin.cite(every_kind.importance(every_kind.PLAIN).to_frame())
