"""Colours on light and dark grounds, for every kind of eye."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb, to_rgba

from charts import drawn, numbers_on, result
from weighin._display.charts import BAR, BAR_NEGATIVE


def linear(colour) -> np.ndarray:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other) -> float:
    """WCAG 2: 1 for the same colour, 21 for black on white."""
    low, high = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def chart(pyplot, style, **figure):
    with pyplot.style.context(style):
        _, ax = pyplot.subplots(layout="constrained", **figure)
        if figure:
            ax.patch.set_alpha(0)
        return drawn(result([[1.0, 2.0], [-1.0, -2.0], [0.1, 0.2]]).plot(ax=ax))


GROUNDS = {
    "light": ("default", {}, "white"),
    "dark": ("dark_background", {}, "black"),
    "see-through over light": ("default", {"facecolor": "none"}, "white"),
    "see-through over dark": ("dark_background", {"facecolor": "none"}, "black"),
    "grey": ("fivethirtyeight", {}, "#f0f0f0"),
}


@pytest.mark.parametrize(("style", "figure", "ground"), GROUNDS.values(), ids=GROUNDS)
def test_everything_stands_out_from_its_ground(pyplot, style, figure, ground):
    ax = chart(pyplot, style, **figure)
    texts = [*ax.get_yticklabels(), *ax.texts, ax._left_title, ax.xaxis.label, *ax.get_xticklabels()]
    for text in texts:
        assert contrast(text.get_color(), ground) >= 4.5, text
    for bar in ax.patches:
        assert contrast(bar.get_facecolor(), ground) >= 3
    (zero,) = {line.get_color() for line in ax.lines if list(line.get_xdata()) == [0, 0]}
    assert contrast(zero, ground) >= 4.5


def test_whiskers_stand_out_from_the_bars_they_cross(pyplot):
    for style in ("default", "dark_background"):
        ink = numbers_on(chart(pyplot, style))[0].get_color()
        assert contrast(ink, BAR) >= 3
        assert contrast(ink, BAR_NEGATIVE) >= 3


# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
EYES = {
    "usual": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", EYES.values(), ids=EYES)
def test_no_eye_takes_one_sign_for_the_other(eye):
    for one, other in itertools.combinations((BAR, BAR_NEGATIVE), 2):
        apart = lab(np.asarray(eye) @ linear(one)) - lab(np.asarray(eye) @ linear(other))
        assert np.linalg.norm(apart) > 30  # CIE76; about 2 can just be told apart


def test_a_style_is_left_as_it_was(pyplot):
    before = dict(pyplot.rcParams)
    result([1.0, 2.0]).plot(style="article")
    result([1.0, 2.0]).plot()
    assert dict(pyplot.rcParams) == before
    assert to_rgba("white") == to_rgba(pyplot.rcParams["figure.facecolor"])
