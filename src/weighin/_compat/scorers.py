"""Scorers of scikit-learn, called on answers that are there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import getattr_static
from typing import Any

from sklearn import get_config
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import check_scoring, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

# of scikit-learn's own scorers
HOME = make_scorer(len).__module__


# from the name of a method to what it has answered
Answers = Callable[[str], Any]


@dataclass(frozen=True)
class Single:
    """A scorer that looks at answers alone.

    `scorer`: ``scorer(estimator, X, y) -> float``, or a dict where it has a name.
    `methods`: Methods whose answers it looks at.
    `name`: Its own among several; None where it is the only one.
    `own_score`: What stands for the estimator's own ``score``, where the scorer calls it.
    """

    scorer: Callable[..., Any]
    methods: tuple[str, ...]
    name: str | None = None
    own_score: Callable[..., Any] | None = None

    def of_answers(self, estimator: Any, answers: Answers, y: Any, sample_weight: Any) -> float:
        """Score what the estimator has answered."""
        predictions = {method: answers(method) for method in self.methods}
        score = scored(self.scorer, _Answered(estimator, predictions, self.own_score), None, y, sample_weight)
        return float(score if self.name is None else score[self.name])


@dataclass(frozen=True)
class Part:
    """Scorers that go the same way.

    `scorer`: ``scorer(estimator, X, y) -> float or dict of str to float``: all of them.
    `singles`: One by one; empty when they have to see the estimator and the table.
    """

    scorer: Callable[..., Any]
    singles: tuple[Single, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        """Methods whose answers they look at."""
        return tuple(dict.fromkeys(method for single in self.singles for method in single.methods))


def scored(scorer: Callable[..., Any], estimator: Any, X: Any, y: Any, sample_weight: Any) -> Any:
    """Call a scorer; weights are passed only where there are any, for not all scorers take them."""
    if sample_weight is None:
        return scorer(estimator, X, y)
    return scorer(estimator, X, y, sample_weight=sample_weight)


def parts(estimator: Any, scorer: Any) -> list[Part]:
    """Part a scorer, or several in one, by what it has to see.

    `estimator`: Fitted.
    `scorer`: What ``sklearn.metrics.check_scoring`` gave.
    """
    several = getattr(scorer, "_scorers", None) if _is(scorer, "_MultimetricScorer") else None
    if not isinstance(several, dict):
        look = _look(estimator, scorer)
        return [Part(scorer, () if look is None else (Single(scorer, (look[0],), None, look[1]),))]
    looks = {name: _look(estimator, scorer_of_name) for name, scorer_of_name in several.items()}
    looks_there = {name: look for name, look in looks.items() if look is not None}
    if get_config().get("enable_metadata_routing"):
        # what is routed to one scorer is checked against all of them: they stay together
        if len(looks_there) < len(looks):
            return [Part(scorer)]
        methods = tuple(dict.fromkeys(method for method, _ in looks_there.values()))
        own_score = next((own for _, own in looks_there.values() if own), None)
        return [Part(scorer, tuple(Single(scorer, methods, name, own_score) for name in looks_there))]

    def of(names: Iterable[str]) -> Any:
        return check_scoring(estimator, scoring={name: several[name] for name in names})

    singles = tuple(Single(of([name]), (method,), name, own) for name, (method, own) in looks_there.items())
    if len(looks_there) in (0, len(looks)):
        return [Part(scorer, singles)]
    return [Part(of(looks_there), singles), Part(of(name for name in looks if name not in looks_there))]


class _Answered:
    """Stands for an estimator that has been asked already; for all else it is that estimator."""

    def __init__(self, estimator: Any, answers: dict[str, Any], own_score: Callable[..., Any] | None) -> None:
        self._estimator, self._answers, self._own_score = estimator, answers, own_score

    def __getattr__(self, name: str) -> Any:
        if name in self._answers:
            answer = self._answers[name]

            def method(X: Any) -> Any:
                return answer

            # scorers ask for it
            method.__name__ = name
            return method
        return getattr(self._estimator, name)

    def score(self, X: Any, y: Any = None, **options: Any) -> Any:
        """Score as the estimator does itself."""
        assert self._own_score is not None
        return self._own_score(self, X, y, **options)


Look = tuple[str, Callable[..., Any] | None]


def _look(estimator: Any, scorer: Any) -> Look | None:
    """Name the method whose answers a scorer looks at, with what stands for the estimator's ``score``; or None."""
    if _is(scorer, "_PassthroughScorer"):
        return _own_score(estimator)
    if not (_is(scorer, "_Scorer") or _is(scorer, "_CurveScorer")):
        return None
    wanted = scorer._response_method
    methods = ["predict"] if wanted == "default" else [wanted] if isinstance(wanted, str) else list(wanted)
    there = [method for method in methods if hasattr(estimator, method)]
    return (there[0], None) if there else None


def _own_score(estimator: Any) -> Look | None:
    """Look into ``estimator.score``: of most it is the accuracy, or R2, of what ``predict`` answers."""
    if "score" in getattr(estimator, "__dict__", {}):
        return None
    for mixin in (ClassifierMixin, RegressorMixin):
        if _same(estimator, mixin, "score"):
            return "predict", mixin.score
    # its own one takes no table as well
    if _same(estimator, KNeighborsClassifier, "score"):
        return "predict", ClassifierMixin.score
    if get_config().get("enable_metadata_routing"):
        return None
    if _same(estimator, Pipeline, "score", "predict"):
        return _own_score(estimator.steps[-1][1])
    if _same(estimator, GridSearchCV, "score", "predict", "predict_proba", "decision_function"):
        inner = estimator.scorer_
        if isinstance(inner, dict):
            inner = inner.get(estimator.refit) if isinstance(estimator.refit, str) else None
        if _is(inner, "_MultimetricScorer"):
            inner = inner._scorers.get(estimator.refit) if isinstance(estimator.refit, str) else None
        look = _look(estimator.best_estimator_, inner)
        if look is not None and look[1] is None:
            return look[0], lambda answered, X, y: inner(answered, X, y)
        return look
    return None


def _same(estimator: Any, expected: type, *names: str) -> bool:
    """Whether some methods are those of a known class, not ones written over them."""
    return all(
        getattr_static(type(estimator), name, None) is getattr_static(expected, name) for name in names
    )


def _is(scorer: Any, name: str) -> bool:
    return type(scorer).__name__ == name and type(scorer).__module__ == HOME
