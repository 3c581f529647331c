"""Pictures of single solutions: what stands in them, read off their pixels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from fredholm.benchmarks import Shown, draw_solution
from fredholm.benchmarks.canvas import ABSENT, LOSS
from fredholm.domains import Axis, Grid
from fredholm.errors import DataError
from fredholm.fields import Field, Variable
from fredholm.training import Moment, Record

SQUARE = Grid((9, 9))
RECORD = Record({}, (Moment(1, 0, 0.1, 0.0, 1.0, 2.0), Moment(2, 0, 0.2, 0.0, 1e-3, 2e-3)))


def bump(grid: Grid) -> Field:
    return Field(torch.sin(3 * grid.points()).prod(-1)[None, ..., None], grid)


def plain(grid: Grid = SQUARE) -> Shown:
    return Shown("a title", "what is known", bump(grid), (Variable("u"),))


def pixels(shown: Shown, folder: Path) -> np.ndarray:
    draw_solution(shown, folder / "a.png")
    return np.rint(255 * imread(folder / "a.png")[..., :3]).astype(int)


def share(image: np.ndarray, colour: str) -> float:
    wanted = np.rint(255 * np.array(to_rgb(colour))).astype(int)
    return float((np.abs(image - wanted).max(-1) <= 1).mean())


def test_with_a_reference_there_are_three_panels_in_a_row(tmp_path):
    alone = pixels(plain(), tmp_path)
    beside = pixels(replace(plain(), reference=bump(SQUARE)), tmp_path)
    assert beside.shape == (alone.shape[0], 3 * alone.shape[1], 3)
    full = replace(plain(), reference=bump(SQUARE), residuals={"u": bump(SQUARE)}, record=RECORD)
    assert pixels(full, tmp_path).shape[0] > 1.6 * beside.shape[0], "a second row"


def test_the_same_solution_is_the_same_picture(tmp_path):
    first, second = (pixels(plain(), tmp_path) for _ in range(2))
    assert np.array_equal(first, second)


def test_points_without_a_value_are_grey(tmp_path):
    holed = bump(SQUARE)
    holed.values[0, 3:6, 3:6] = torch.nan
    assert share(pixels(plain(), tmp_path), ABSENT) < 1e-3
    assert share(pixels(replace(plain(), solution=holed), tmp_path), ABSENT) > 0.02


def test_the_loss_is_drawn_where_there_was_a_training(tmp_path):
    assert share(pixels(plain(), tmp_path), LOSS) == 0
    assert share(pixels(replace(plain(), record=RECORD), tmp_path), LOSS) > 1e-4


@pytest.mark.parametrize(
    "grid",
    [
        Grid((17,)),
        Grid.of(Axis(5, name="t"), Axis(9)),
        Grid.of(Axis(5, name="t"), Axis(1, periodic=True)),
        Grid.of(Axis(5, name="t"), Axis(6), Axis(7, name="y")),
        Grid((5, 5, 5)),
    ],
    ids=str,
)
def test_any_kind_of_grid(tmp_path, grid):
    shown = plain(grid) if len(grid.names) == 3 else replace(plain(grid), reference=bump(grid))
    image = pixels(shown, tmp_path)
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 20


def test_a_picture_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        draw_solution(plain(), tmp_path / "file" / "a.png")
