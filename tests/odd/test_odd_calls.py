"""A part of ``make odd``: whatever is asked for, an answer or one message that names what is wrong."""

from __future__ import annotations

from collections import Counter

import pytest
from odd.call import outcome_of
from odd.run import all_calls


@pytest.mark.slow
def test_odd_and_bad_calls_are_answered_or_told_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls = all_calls(seed=1)
    assert len(calls) > 1500
    counts: Counter[str] = Counter()
    told = []
    for call in calls[:200]:
        outcome = outcome_of(call)
        counts[outcome.kind] += 1
        if outcome.kind not in ("fine", "right message"):
            told.append(f"{outcome.kind}: {call.verb}: {call.what}: {outcome.words[:200]}")
    assert counts["crash"] == counts["wrong number"] == 0, told
    assert counts["vague message"] <= 2, told
    assert counts["fine"] > 20
