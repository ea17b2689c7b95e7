"""Opening the model a command names: a pickle runs code, so somebody must say it may."""

from __future__ import annotations

import io
import pickle
import sys
import warnings

import pytest

from weighin import InputError, ModelError, UntrustedFileError
from weighin._cli.model import open_model


class Runs:
    """A pickle that leaves a trace when it is opened."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def bomb(tmp_path):
    path = tmp_path / "bomb.pkl"
    path.write_bytes(pickle.dumps(Runs(tmp_path / "hacked")))
    return path


def test_without_a_terminal_it_is_refused_and_not_opened(bomb, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(
        UntrustedFileError, match=r"is a pickle: opening it runs the code.*no terminal.*pass --trust"
    ):
        open_model(str(bomb), trust=False)
    assert not (bomb.parent / "hacked").exists()


@pytest.mark.parametrize("answer", ["n\n", "\n", "no\n"])
def test_a_no_at_the_terminal_is_a_no(bomb, monkeypatch, capsys, answer):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    with pytest.raises(UntrustedFileError, match=r"Not opened: '.*bomb\.pkl'"):
        open_model(str(bomb), trust=False)
    assert not (bomb.parent / "hacked").exists()
    assert "Open only files you trust." in capsys.readouterr().err


def test_a_closed_terminal_is_a_no(bomb, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    with pytest.raises(KeyboardInterrupt):
        open_model(str(bomb), trust=False)
    assert not (bomb.parent / "hacked").exists()


def test_a_yes_at_the_terminal_opens_it(learner_file, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert type(open_model(str(learner_file), trust=False)).__name__ == "TabularLearner"
    captured = capsys.readouterr()
    assert "Do you trust it?" in captured.err
    assert captured.out.strip() == ""


def test_trust_opens_it_without_a_word(learner_file, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learner = open_model(str(learner_file), trust=True)
    assert list(learner.dls.y_names) == ["margin"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"\x80\x04", b"PK\x03\x04 broken zip", b"{}", b"PAR1" + bytes(100)],
)
def test_a_file_that_is_no_learner_is_said(tmp_path, content):
    path = tmp_path / "x.pkl"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.pkl' cannot be opened as|is a zip archive"):
        open_model(str(path), trust=True)


def test_a_cut_learner_file_is_said(learner_file, tmp_path):
    path = tmp_path / "cut.pkl"
    path.write_bytes(learner_file.read_bytes()[:-500])
    with pytest.raises(ModelError, match=r"cut\.pkl' cannot be opened as"):
        open_model(str(path), trust=True)


def test_another_object_is_said(tmp_path):
    import torch

    path = tmp_path / "x.pkl"
    torch.save({"a": 1}, path)
    with pytest.raises(ModelError, match=r"x\.pkl' holds dict with 'a', not a model"):
        open_model(str(path), trust=True)


def test_a_pickle_that_raises_is_an_error_and_a_stop_is_a_stop(tmp_path):
    import torch

    class Raises:
        def __init__(self, kind):
            self.kind = kind

        def __reduce__(self):
            return (_raise, (self.kind,))

    path = tmp_path / "x.pkl"
    torch.save(Raises("ZeroDivisionError"), path)
    with pytest.raises(ModelError, match="cannot be opened as a pickle: ZeroDivisionError"):
        open_model(str(path), trust=True)
    torch.save(Raises("KeyboardInterrupt"), path)
    with pytest.raises(KeyboardInterrupt):
        open_model(str(path), trust=True)


def _raise(kind):
    import builtins

    raise getattr(builtins, kind)


def test_a_missing_file_is_named_with_its_neighbour_before_any_question(tmp_path, monkeypatch, capsys):
    (tmp_path / "learner.pkl").write_bytes(b"")
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    with pytest.raises(InputError, match=r"No such file: '.*lerner\.pkl'\. Did you mean 'learner\.pkl'\?"):
        open_model(str(tmp_path / "lerner.pkl"), trust=False)
    with pytest.raises(InputError, match="is a folder; weighin opens files"):
        open_model(str(tmp_path), trust=False)
    assert capsys.readouterr().err == ""
