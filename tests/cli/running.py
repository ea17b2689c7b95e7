"""What tests of ``weighin run`` share."""

from __future__ import annotations

import learners
import weighin

NOT_KNOWN = "(whether the model was trained on them is not known)"
FEATURES = [*learners.CATS, *learners.CONTS]
TRAIN_IDS, VALID_IDS = tuple(range(40)), tuple(range(40, 60))


def result(folder, name="importance.json") -> weighin.Importance:
    return weighin.Importance.load(folder / name)


def drawn_texts(monkeypatch) -> list[str]:
    """Collect every text of the chart that is written."""
    from weighin._display import charts as _plots

    texts, save = [], _plots.save

    def watching(draw, path, **options):
        def remember(figure):
            ax = draw(figure)
            texts.extend(text.get_text() for text in [*ax.texts, ax._left_title, ax.title, ax.xaxis.label])
            return ax

        save(remember, path, **options)

    monkeypatch.setattr(_plots, "save", watching)
    return texts


def names_drawn(monkeypatch) -> list[str]:
    """Collect the names beside the bars of the chart that is written."""
    from weighin._display import charts as _plots

    names, save = [], _plots.save

    def watching(draw, path, **options):
        save(
            lambda figure: names.extend(label.get_text() for label in draw(figure).get_yticklabels()),
            path,
            **options,
        )

    monkeypatch.setattr(_plots, "save", watching)
    return names
