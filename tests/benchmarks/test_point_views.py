"""Pictures of functions on meshes and clouds."""

import base64
import re
from dataclasses import replace

import pytest
import torch

from fredholm.benchmarks.pictures import case_pictures
from fredholm.benchmarks.point_views import point_views
from fredholm.benchmarks.verdict import size
from fredholm.benchmarks.views import views
from fredholm.data import Samples
from fredholm.domains import Axis, Grid, PointCloud, Stack, over_time
from fredholm.fields import Field, Variable
from fredholm.testing import smooth, star_meshes

STARS = star_meshes((4, 6))


def samples(domain, channels=1, support="") -> Samples:
    u = smooth(domain, channels=2)
    labels = tuple(Variable(name, support=support) for name in "fg"[:channels])
    inputs = u.with_values(u.values[..., :channels])
    return Samples(inputs, u.with_values(u.values[..., :1]), labels, (Variable("u"),))


def pictures(page: str) -> list[str]:
    """Alternative texts of the pictures, which are all whole files."""
    for content in re.findall(r"data:image/png;base64,([^\"]+)\"", page):
        assert base64.b64decode(content).startswith(b"\x89PNG")
    return re.findall(r'alt="([^"]*)"', page)


@pytest.mark.parametrize(
    ("domain", "count"),
    [
        pytest.param(STARS, 4, id="meshes"),
        pytest.param(Stack(tuple(PointCloud(m.coords) for m in STARS)), 4, id="clouds"),
        pytest.param(Stack((PointCloud(torch.rand(9, 1)),) * 2), 3, id="points-of-a-line"),
        pytest.param(Stack((PointCloud(torch.rand(99, 3)),) * 2), 12, id="points-in-space"),
    ],
)
def test_input_truth_prediction_and_error_are_drawn(domain, count):
    case = samples(domain)[[0]]
    found = pictures(str(case_pictures(case, case.targets)))
    assert len(found) == count
    assert found[-1].startswith("Error in u")
    assert found[-1].endswith("from 0 to 0")


def test_boundary_data_and_shapes_alone_have_pictures_of_their_own():
    edge = samples(STARS, support="boundary")[[0]]
    assert pictures(str(case_pictures(edge, edge.targets)))[0].startswith("Input f")
    alone = samples(STARS)[[0]]
    alone = replace(
        alone, inputs=alone.inputs.with_values(alone.inputs.values[..., :0]), input_variables=()
    )
    assert pictures(str(case_pictures(alone, alone.targets)))[0] == "Shape with 61 points"


def test_padding_is_not_drawn():
    for view, mesh in zip(point_views(STARS), STARS):
        assert view.of(smooth(STARS).values[0, :, 0].numpy()).shape == (len(mesh),)


def test_trajectories_are_shown_at_three_times():
    time = Axis(5, 0.0, 2.0, name="t", units="s")
    shown = views(over_time(time, STARS))
    assert [view.label for view in shown] == ["t = 0 s", "t = 1 s", "t = 2 s"]
    u = smooth(STARS)
    moving = Field(torch.stack([u.values] * 5, 1), over_time(time, STARS))
    assert shown[1].of(moving.values[0, ..., 0].numpy()).shape == (61,)


def test_a_table_tells_how_many_points_the_meshes_have():
    assert size(STARS) == "61 to 127"
    assert size(STARS[[0]]) == "61"
    assert size(Grid((4, 5))) == "4 × 5"
