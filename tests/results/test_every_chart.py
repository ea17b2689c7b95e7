"""The chart of every result as one of Altair's own kind, and every result on the page of another."""

from __future__ import annotations

import sys

import pytest
from every_kind import HOSTILE, MAKERS, PLAIN, shown

import weighin
from pages import asks_nobody, without_scripts

altair = pytest.importorskip("altair")
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("names", [PLAIN, HOSTILE], ids=["plain", "hostile"])
@pytest.mark.parametrize("kind", MAKERS)
def test_the_chart_of_a_result_is_one_of_altair_that_its_schema_takes(kind, names, tmp_path):
    result = MAKERS[kind](names)
    chart = result.chart()
    assert isinstance(chart, altair.TopLevelMixin)
    text = str(chart.to_dict(validate=True))
    assert "var(" not in text
    assert result.tell().charts[0].title in text
    chart.save(tmp_path / "chart.svg")
    drawn = (tmp_path / "chart.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg")


def test_a_notebook_gets_the_chart_itself():
    with altair.renderers.enable("mimetype"):
        shown_as = MAKERS["Importance"](PLAIN).chart()._repr_mimebundle_()
    data = shown_as[0] if isinstance(shown_as, tuple) else shown_as
    assert any("vegalite" in kind for kind in data)


def test_without_altair_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(weighin.MissingDependencyError, match=r"pip install 'weighin\[report\]'"):
        MAKERS["Importance"](PLAIN).chart()


def test_nothing_to_draw_is_said():
    import numpy as np

    empty = weighin.Importance((), np.empty((0, 1)), 2.0, "mae", False, 10)
    with pytest.raises(weighin.InputError, match="nothing to draw"):
        empty.chart()


@pytest.mark.parametrize("kind", MAKERS)
def test_every_result_takes_every_other_onto_its_page(kind):
    result = MAKERS[kind](HOSTILE)
    others = [make(HOSTILE) for name, make in MAKERS.items() if name != kind]
    for light in (False, True):
        page = result.to_html(also=others, light=light)
        assert asks_nobody(page)
        text = without_scripts(page)
        assert text.count("<h1>") == 1
        assert "<b>" not in text
        for name in HOSTILE[1:3]:
            assert shown(name) in text
    assert len(page.encode()) <= 200_000
    assert "<script" not in page
