import pytest
import torch

from fredholm.domains import Grid, Mesh, Scattered, Stack
from fredholm.fields import NOTHING, Field
from fredholm.models import NearestShape
from fredholm.operators import Operator, Rasterised, background
from fredholm.operators.rasterised import depth_on, read_off, with_shape
from fredholm.testing import smooth, star_meshes

STARS = star_meshes((10, 14))
GRID = background(Scattered.of(STARS.members))


class First(Operator):
    """The first channel."""

    def forward(self, u, given=NOTHING, *, at=None):
        return u.with_values(u.values[..., :1])


def test_the_background_grid_holds_all_shapes_with_square_cells():
    (left, right), (bottom, top) = ((axis.start, axis.stop) for axis in GRID.axes)
    points = STARS.points().reshape(-1, 2)
    assert (points.amin(0) > torch.tensor([left, bottom])).all()
    assert (points.amax(0) < torch.tensor([right, top])).all()
    assert abs(GRID.axes[0].spacing / GRID.axes[1].spacing - 1) < 0.1


def test_a_function_comes_back_from_the_grid_up_to_its_resolution():
    u = smooth(STARS)
    gaps = []
    for grid in (GRID, GRID.resized([2 * n for n in GRID.shape])):
        found = Rasterised(First(), grid)(u)
        assert found.domain == STARS
        gaps.append(float((found.values - u.values).square().mean().sqrt()))
    assert gaps[1] < gaps[0] < 0.03


def test_the_last_channel_is_the_distance_from_the_boundary():
    mesh = STARS.members[0]
    grid = Grid((21, 21), (-1.5, 1.5))
    depth = depth_on(mesh, grid) * 1.5
    assert depth[10, 10] > 0.5 and depth[0, 0] < -0.5
    nearest = torch.cdist(grid.points().reshape(-1, 2), mesh.coords[mesh.boundary]).amin(1)
    assert torch.allclose(depth.abs().flatten(), nearest)
    assert with_shape(smooth(STARS), GRID).channels == 2


def test_the_nearest_shape_answers_a_training_sample_with_its_own_target():
    u = smooth(STARS, channels=2)
    target = u.with_values(u.values[..., :1] ** 2)
    model = NearestShape(GRID, 2, 1, STARS.shape[0], 5).double().fit(u, target)
    found = model(u)
    assert torch.allclose(found.values, target.values, atol=1e-6)
    moved = model(Field(u.values.flip(0)[:, : len(STARS.members[0])], STARS.members[0]))
    assert torch.isfinite(moved.values).all()


def test_a_shape_that_leaves_the_grid_takes_the_values_at_its_edge():
    mesh = STARS.members[0]
    larger = Stack((Mesh(1.5 * mesh.coords, mesh.cells), mesh))
    image = Field(GRID.points()[None, ..., :1].expand(2, *GRID.shape, 1), GRID)
    found = read_off(image, larger).values[..., 0]
    ends = GRID.axes[0].start, GRID.axes[0].stop
    assert torch.allclose(found[0], larger.members[0].coords[:, 0].clamp(*ends))
    assert torch.allclose(found[1], mesh.coords[:, 0])
    with pytest.raises(ValueError, match="leaves the source"):
        image.at(larger)
