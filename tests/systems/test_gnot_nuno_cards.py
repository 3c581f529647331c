"""The cards of GNOT and NUNO: built for what samples are, trained on them, shown on exact data."""

import torch

from fredholm.data import Samples
from fredholm.domains import Grid, Scattered, scattered_of
from fredholm.fields import Signature, Variable
from fredholm.models import GNOT, NUNO
from fredholm.systems import Task, card, nuno
from fredholm.systems.learn import Choices, learn
from fredholm.systems.nuno import layers_at_a_wall
from fredholm.testing.scattered import smooth, star_meshes
from fredholm.training import Budget

SHAPES = Scattered(("x", "y"), ("", ""), ((-2.0, 2.0), (-2.0, 2.0)), parts=("wall",))
SMALL = {"hidden_channels": 8, "layers": 1}


def on_shapes(count: int) -> Samples:
    """Two inputs, the second of which counts on the boundary, and a parameter."""
    domain = star_meshes((3, 4) * (count // 2))
    u = smooth(domain, channels=2)
    params = torch.linspace(0, 1, count)[:, None]
    return Samples(
        u.to(torch.float32),
        u.with_values(u.values.sum(-1, keepdim=True)).to(torch.float32),
        (Variable("f"), Variable("g", support="boundary")),
        (Variable("u"),),
        params=params,
        param_variables=(Variable("contrast"),),
    )


def test_gnot_is_told_what_the_channels_are():
    inputs = (Variable("f"), Variable("g", support="boundary"))
    task = Task(Signature(SHAPES, SHAPES, inputs, (Variable("u"),), (Variable("c"),)))
    operator = card("gnot").make(task, SMALL)
    assert isinstance(operator, GNOT)
    assert operator.inside == [0] and operator.on_boundary == [1] and operator.params == 1
    grid = Grid((8, 8), periodic=True)
    on_grid = card("gnot").make(Task(Signature(grid, grid, inputs[:1], inputs[:1])), SMALL)
    assert isinstance(on_grid, GNOT) and not on_grid.bounded


def test_gnot_learns_from_shapes_with_parameters():
    samples = on_shapes(6)
    surrogate = learn(
        samples, "gnot", budget=Budget(steps=4), choices=Choices(hyper=SMALL, validation=2)
    )
    answer = surrogate.predict(samples.inputs[:2], params=samples.params[:2])
    assert answer.mean.values.shape == samples.targets[:2].values.shape
    assert surrogate.record.steps == 4


def test_nuno_trains_in_boxes_where_the_points_are():
    samples = layers_at_a_wall(12, seed=0)
    hyper = {"boxes": 4, "points": 6, "modes": 3, "hidden_channels": 4, "layers": 1}
    surrogate = learn(samples, "nuno", budget=Budget(steps=3), choices=Choices(hyper=hyper))
    (boxed,) = (part for part in surrogate.operator.modules() if isinstance(part, NUNO))
    widths = boxed.boxes[:, 1, 0] - boxed.boxes[:, 0, 0]
    assert float(widths.min()) < 0.021, "a box is as narrow as the layer"
    assert surrogate.record.settings["seed"] == 0


def test_a_box_has_at_least_32_points():
    grid = Grid((8, 16))
    task = Task(Signature(grid, grid, (Variable("f"),), (Variable("u"),)))
    operator = card("nuno").make(task, {"boxes": 100})
    assert isinstance(operator, NUNO) and operator.count == 4
    assert operator.place([scattered_of(grid)]).boxes.shape == (4, 2, 2)


def test_layers_at_a_wall_solve_their_equation():
    x = torch.linspace(0, 1, 20_001, dtype=torch.float64)
    h, e = float(x[1]), nuno._DIFFUSIVITY
    for p, k in ((0.0, 0.0), (3.0, 0.0), (0.0, 6.0), (6.0, 12.0)):
        u = nuno._line(x, p, k)
        curved = (u[2:] - 2 * u[1:-1] + u[:-2]) / h**2
        sloped = (u[2:] - u[:-2]) / (2 * h)
        gap = -e * curved + sloped + e * k**2 * u[1:-1] - torch.cos(p * x[1:-1])
        assert float(gap.abs().max()) < 5e-3 and float(u[[0, -1]].abs().max()) < 1e-12
    samples = layers_at_a_wall(3, seed=0)
    dense = float((samples.inputs.domain.coords[:, 0] > 1 - nuno._LAYER).double().mean())
    crowding = dense / nuno._LAYER / ((1 - dense) / (1 - nuno._LAYER))
    assert 90 < crowding < 110
