"""A film holds the numbers that it shows, is small, and never hides a failure."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from html_page import Page
from PIL import Image

from fredholm.benchmarks.film import film, script
from fredholm.benchmarks.film_curves import heights
from fredholm.benchmarks.reels import evenly, reels
from fredholm.benchmarks.scales import Scale, common_scale, error_scale
from fredholm.benchmarks.sheets import LEVELS, levels, sheet
from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Variable

PLAIN = Scale("viridis", -1.0, 3.0)


def turning(times: int = 7, shape: tuple[int, ...] = (12, 10), *, channels: int = 1) -> Samples:
    """A blob that goes round (or back and forth, on a line) and fades."""
    space = Grid(shape, 2.0, periodic=True, units="m")
    time = Axis(times, 0.0, 1.4, location="right", name="t", units="s")
    t = time.points().reshape(-1, *[1] * space.dim)
    gaps = [
        space.points()[..., k] - 1 - 0.5 * wave(5 * t)
        for k, wave in zip(range(space.dim), (torch.cos, torch.sin, torch.cos))
    ]
    values = torch.exp(-sum(gap**2 for gap in gaps) / 0.1) * (1 - t / 4)
    values = values[None, ..., None].repeat(1, *[1] * values.ndim, channels)
    labels = tuple(Variable(f"u{c}", "K") for c in range(channels))
    grid = Grid.of(time, *space.axes)
    return Samples(Field(values[:, 0], space), Field(values, grid), labels, labels)


def shown(case: Samples, predicted: Field, tmp_path) -> Page:
    path = tmp_path / "film.html"
    path.write_text(film(case, predicted), encoding="utf-8")
    return Page(path)


def guess(case: Samples) -> Field:
    """A prediction that is a little too small and too far to one side."""
    values = case.targets.values
    return case.targets.with_values(0.9 * values.roll(1, 2))


def pictures(page: Page) -> list[np.ndarray]:
    """The numbers of the colours of each sheet."""
    files = [base64.b64decode(a["src"].partition(",")[2]) for a in page.all("img")]
    return [np.asarray(Image.open(io.BytesIO(file))) for file in files]


def cut(picture: np.ndarray, canvas: dict[str, str], number: int) -> np.ndarray:
    """One frame of a sheet, cut out as the script of the page does it."""
    width, height = int(canvas["width"]), int(canvas["height"])
    row, column = divmod(number, int(canvas["data-columns"]))
    return picture[row * height : (row + 1) * height, column * width : (column + 1) * width]


def decoded(numbers: np.ndarray, scale: Scale) -> np.ndarray:
    return scale.low + numbers / (LEVELS - 1) * (scale.high - scale.low)


def test_a_sheet_gives_the_values_back(tmp_path):
    case = turning()
    predicted = guess(case)
    page = shown(case, predicted, tmp_path)
    truth, answer = (u.values[0, ..., 0].numpy() for u in (case.targets, predicted))
    common = common_scale([truth, answer])
    scales = [common, common, error_scale(answer - truth, common)]
    sheets, canvases = pictures(page), page.all("canvas")
    assert len(sheets) == len(canvases) == 3
    for values, picture, canvas, scale in zip(
        (truth, answer, answer - truth), sheets, canvases, scales
    ):
        step = (scale.high - scale.low) / (LEVELS - 1)
        for number in range(case.targets.grid.shape[0]):
            # On a screen x goes to the right and y upwards.
            found = decoded(cut(picture, canvas, number), scale)[::-1].T
            assert np.abs(found - values[number]).max() <= 0.51 * step


def test_a_wrong_frame_is_told_from_the_right_one():
    """What the test above compares can differ: the counter-test."""
    frames = turning().targets.values[0, ..., 0].numpy().swapaxes(1, 2)
    made = sheet(frames, PLAIN)
    picture = np.asarray(Image.open(io.BytesIO(made.content)))
    canvas = {"width": made.width, "height": made.height, "data-columns": made.columns}
    found = [decoded(cut(picture, canvas, k), PLAIN)[::-1] for k in (0, 3)]
    assert np.abs(found[0] - frames[0]).max() < 0.02 < np.abs(found[1] - frames[0]).max()


def test_the_palette_runs_through_the_colour_map():
    made = sheet(np.linspace(-1, 3, LEVELS).reshape(1, 1, LEVELS), PLAIN)
    image = Image.open(io.BytesIO(made.content))
    assert (np.asarray(image)[0] == np.arange(LEVELS)).all()
    colours = np.asarray(image.getpalette()).reshape(-1, 3)
    assert colours[0].tolist() == [68, 1, 84] and colours[LEVELS - 1].tolist() == [253, 231, 37]
    assert colours[LEVELS].tolist() == [180, 188, 196]


def test_values_outside_take_the_last_colour_and_none_is_invented():
    values = np.array([-9.0, -1.0, 1.0, 3.0, 9.0, np.nan, np.inf, -np.inf])
    assert levels(values, PLAIN).tolist() == [0, 0, 63, 126, 126, 127, 127, 127]
    assert levels(np.zeros(3), Scale("viridis", 0.0, 0.0)).tolist() == [0, 0, 0]


def test_curves_give_the_values_back(tmp_path):
    case = turning(shape=(40,))
    predicted = guess(case)
    page = shown(case, predicted, tmp_path)
    both, gap = (json.loads(canvas["data-curves"]) for canvas in page.all("canvas"))
    truth, answer = (u.values[0, ..., 0].numpy() for u in (case.targets, predicted))
    scale = common_scale([truth, answer])
    room = 0.05 * (scale.high - scale.low)
    low, high = scale.low - room, scale.high + room
    for curve, values in zip(both, (truth, answer)):
        found = low + np.asarray(curve["frames"]) / 1000 * (high - low)
        assert np.abs(found - values).max() < 0.00051 * (high - low)
    assert len(gap) == 1 and np.argmax(gap[0]["frames"][0]) == np.argmax((answer - truth)[0])


def test_what_is_not_finite_is_a_gap_in_a_curve():
    values = np.array([[0.0, np.nan, 0.5], [np.inf, 1e9, -1e9]])
    assert heights(values, 0.0, 1.0) == [[0, None, 500], [None, 2000, -1000]]


@pytest.mark.parametrize("shape", [(40,), (12, 10), (6, 8, 5)])
def test_frames_that_diverged_are_named_and_shown(tmp_path, shape):
    case = turning(shape=shape)
    values = guess(case).values.clone()
    values[:, 4:] = torch.nan
    values[:, 3].flatten()[0] = torch.inf
    page = shown(case, case.targets.with_values(values), tmp_path)
    labels = json.loads(page.all("figure")[0]["data-labels"])
    assert labels[2] == "t = 0.6 s"
    assert [label.endswith("s: the prediction is not finite") for label in labels] == (
        [False] * 3 + [True] * 4
    )
    assert "What is not finite is" in page.text
    if len(shape) == 1:
        both, _ = (json.loads(canvas["data-curves"]) for canvas in page.all("canvas"))
        assert set(both[1]["frames"][5]) == {None} and None not in both[0]["frames"][5]
    else:
        truth, answer, gap = pictures(page)
        canvases = page.all("canvas")
        assert (cut(answer, canvases[1], 5) == LEVELS).all()
        assert (cut(gap, canvases[2], 5) == LEVELS).all()
        assert (cut(truth, canvases[0], 5) < LEVELS).all()


def test_an_explosion_does_not_bleach_what_was_asked_for(tmp_path):
    case = turning()
    values = guess(case).values.clone()
    values[:, -1] *= 1e30
    truth, answer, _ = pictures(shown(case, case.targets.with_values(values), tmp_path))
    assert len(np.unique(truth)) > 30 and answer.max() == LEVELS


@pytest.mark.parametrize("shape", [(40,), (12, 10)])
def test_a_single_frame_is_a_film_that_stands_still(tmp_path, shape):
    case = turning(1, shape)
    page = shown(case, guess(case), tmp_path)
    (slider,) = page.all("input")
    assert (slider["min"], slider["max"]) == ("0", "0")
    assert json.loads(page.all("figure")[0]["data-labels"]) == ["t = 1.4 s"]


@pytest.mark.parametrize(("count", "most"), [(1, 60), (2, 60), (60, 60), (61, 60), (1000, 60)])
def test_thinning_keeps_both_ends_and_even_steps(count, most):
    chosen = evenly(count, most)
    assert chosen[0] == 0 and chosen[-1] == count - 1
    assert len(chosen) == min(count, most) and (np.diff(chosen) > 0).all()
    assert len(chosen) < 3 or np.ptp(np.diff(chosen)) <= 1


def test_long_and_fine_films_are_thinned_until_they_are_small(tmp_path):
    generator = torch.Generator().manual_seed(0)
    case = turning(150, (100, 100))
    noise = torch.rand(case.targets.values.shape, generator=generator)
    content = film(case, case.targets.with_values(noise))
    assert len(content) < 450_000
    page = shown(case, case.targets.with_values(noise), tmp_path)
    labels = json.loads(page.all("figure")[0]["data-labels"])
    assert labels[-1] == "t = 1.4 s" and len(labels) <= 60
    assert f"{len(labels)} of 150 times are shown; one of " in page.text
    assert "points along an axis is shown" in page.text


def test_each_channel_has_its_screens_and_all_one_slider(tmp_path):
    case = turning(3, channels=5)
    page = shown(case, guess(case), tmp_path)
    assert len(page.all("canvas")) == 9 and len(page.all("input")) == 1
    assert "Truth u2 [K]" in page.text and "u3" not in page.text


def test_of_three_axes_the_middle_plane_is_shown():
    case = turning(2, (6, 8, 5))
    (reel,) = reels(case, case.targets)
    assert reel.truth.shape == (2, 8, 6)
    assert (reel.truth == case.targets.values[0, :, :, :, 2, 0].numpy().swapaxes(1, 2)).all()


def test_a_film_can_be_operated_without_seeing_it(tmp_path):
    page = shown(turning(), guess(turning()), tmp_path)
    assert page.all("input")[0]["aria-label"] == "time"
    assert all(canvas["role"] == "img" and canvas["aria-label"] for canvas in page.all("canvas"))
    assert all(image["alt"] for image in page.all("img"))
    assert page.all("button")[0]["type"] == "button"


def test_without_scripts_a_sentence_says_so(tmp_path):
    page = shown(turning(), guess(turning()), tmp_path)
    assert "hidden" in page.all("figure")[0] and page.all("noscript")
    assert "need scripts" in page.text


def test_the_script_asks_for_nothing_and_respects_those_who_want_no_motion():
    text = script()
    assert "prefers-reduced-motion" in text
    for forbidden in ("http", "fetch", "import", "eval", "innerHTML", "XMLHttp", "</"):
        assert forbidden not in text
