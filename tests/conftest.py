"""Fixtures shared by all tests: small networks, trained once; nothing here imports them before a test asks."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("weighin", deadline=None)  # no timed assertions: the machine may be busy
settings.load_profile("weighin")


# whatever asks for one of these waits for training, a demo, another process or a browser
SLOW_FIXTURES = {
    "chromium",
    "classifier",
    "demo_folder",
    "in_range",
    "learner_file",
    "network",
    "only_categorical",
    "only_continuous",
    "regression",
    "two_targets",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that get a trained network or a browser are slow without saying so themselves."""
    for item in items:
        if SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _ctrl_c_is_left_as_it_was() -> Iterator[None]:
    """The command line ends with Ctrl-C ignored: what calls it here puts that back, for later tests."""
    before = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture(autouse=True)
def _no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts go to memory, tables are as wide as they want, colours stay out of captured text."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def axes() -> Any:
    """A matplotlib Axes that belongs to no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


@pytest.fixture
def pyplot() -> Iterator[Any]:
    """pyplot, with figures closed before and afterwards; showing one is an error."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    plt.close("all")  # those of tests that did without it
    patch = pytest.MonkeyPatch()

    def show(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a chart was shown")

    patch.setattr(plt, "show", show)
    yield plt
    patch.undo()
    plt.close("all")


@pytest.fixture
def games() -> Any:
    """A fresh copy of the table the learners know."""
    import learners

    return learners.games()


@pytest.fixture
def fresh_games() -> Any:
    """Rows no learner has seen."""
    import learners

    return learners.games(seed=1, n_rows=150)


@pytest.fixture(scope="session")
def regression() -> Any:
    """Network with FillMissing indicators, a column named like one, and two metrics."""
    import learners

    return learners.regression()


@pytest.fixture(scope="session")
def classifier() -> Any:
    """Network with three classes."""
    import learners

    return learners.classifier()


@pytest.fixture(scope="session")
def only_continuous() -> Any:
    """Network without categorical columns."""
    import learners

    return learners.train(learners.games(), [], ["elo", "spread"], "margin", metrics=[learners.mae])


@pytest.fixture(scope="session")
def only_categorical() -> Any:
    """Network without continuous columns."""
    import learners

    return learners.train(learners.games(), learners.CATS, [], "margin", metrics=[learners.mae])


@pytest.fixture(scope="session")
def two_targets() -> Any:
    """Network with two target columns."""
    import learners

    return learners.train(
        learners.games(), learners.CATS, learners.CONTS, ["margin", "total"], metrics=[learners.mae], n_out=2
    )


@pytest.fixture(scope="session")
def in_range() -> Any:
    """Network whose output is squeezed into a range."""
    import learners

    return learners.regression(y_range=(-40.0, 60.0))


@pytest.fixture(scope="session")
def learner_file(regression: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first network as fastai exports it."""
    path = tmp_path_factory.mktemp("learner") / "learner.pkl"
    regression.export(path)
    return path


@pytest.fixture(scope="session")
def loaded(learner_file: Path) -> Any:
    """The first network, exported and loaded."""
    import warnings

    from fastai.learner import load_learner

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="load_learner` uses Python's insecure pickle")
        return load_learner(learner_file)
