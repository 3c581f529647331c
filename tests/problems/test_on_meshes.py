"""Problems on meshes, and on regions that are meshed for them."""

import pytest
import torch

from fredholm.domains import Axis, Disk, Grid, PointCloud, Stack, mesh_region
from fredholm.equations import (
    coefficient,
    coords,
    dot,
    dt,
    eq,
    exp,
    field,
    grad,
    lap,
    normal,
    pi,
    sin,
)
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.problems import Problem
from fredholm.problems.on_meshes import solve_on
from fredholm.problems.priors import SquaredExponential

pytest.importorskip("skfem")
pytest.importorskip("gmsh")
x, y = coords("x y")
u = field("u")
DISK = Disk((0.0, 0.0), 1.0, name="rim")
FLUX = dot(grad(u), normal())


def on_disk(**changes) -> Problem:
    """-Δu + u³ = f in the disk, solved by 1 - x² - y²."""
    radius = 1 - x**2 - y**2
    statement = {
        "equations": {"u": eq(-lap(u) + u**3, 4 + radius**3)},
        "domain": Grid((17, 17), (-1.0, 1.0)),
        "region": DISK,
        "boundary": {"rim": u},
    }
    return Problem("disk", "a disk", **{**statement, **changes})


def test_a_region_is_meshed_and_shown_on_the_grid():
    solution = on_disk().solve(tol=1e-2)
    values, points = solution.field.values[0, ..., 0], solution.field.grid.points()
    radius = points.norm(dim=-1)
    assert torch.equal(values.isnan(), radius > 1 + 1e-9)
    inside = radius < 1 - 1e-9
    # Edges are up to 1.3/8 long: halfway between nodes a line is 0.007 off a parabola.
    assert float((values - (1 - radius**2))[inside].abs().max()) < 1e-2
    assert "finite elements" in solution.method and float(solution.error) < 1e-2


def test_curved_boundaries_are_followed_by_finer_meshes():
    """The polygon of the first mesh alone would be off by its sagitta."""
    mesh = mesh_region(DISK, 0.4)
    inputs = Field(torch.zeros(1, len(mesh), 0, dtype=torch.float64), mesh)
    true = 1 - (mesh.coords**2).sum(1)
    gaps = [
        float((solve_on(on_disk(), inputs, 1e-2, region=r).field.values[0, :, 0] - true).norm())
        for r in (DISK, None)
    ]
    assert gaps[0] < gaps[1] / 3


def test_a_given_mesh_keeps_the_solution_at_its_nodes():
    mesh = mesh_region(DISK, 0.2)
    solution = on_disk().solve(at=mesh, tol=1e-2)
    assert solution.field.domain is mesh
    assert float((solution.field.values[0, :, 0] - 1 + (mesh.coords**2).sum(1)).abs().max()) < 1e-2


def test_evolution_in_a_region_has_frames_on_the_grid():
    heat = on_disk(
        domain=Grid((9, 9), (-1.0, 1.0)),
        equations={"u": eq(dt(u), lap(u))},
        boundary={"rim": FLUX},
        time=Axis(3, 0.0, 0.1, name="t"),
        initial={"u": 2.0},
    )
    solution = heat.solve(tol=1e-2)
    values = solution.field.values
    assert solution.field.grid.names == ("t", "x", "y") and values.shape == (1, 3, 9, 9, 1)
    torch.testing.assert_close(values.nan_to_num(2.0), torch.full_like(values, 2.0))


def test_samples_have_their_meshes_and_boundary_data():
    """Each u is harmonic in its own disk, as its boundary data are."""
    problem = on_disk(
        equations={"u": eq(-lap(u), coefficient("f"))},
        boundary={"rim": eq(u, coefficient("g"))},
        varies={"f": SquaredExponential(0.3), "g": SquaredExponential(0.3)},
    )
    meshes = [mesh_region(Disk((0.0, 0.0), r, name="rim"), 0.15) for r in (0.6, 0.9)]
    stack = Stack(tuple(meshes))
    harmonic = [(m.coords[:, :1] ** 2 - m.coords[:, 1:] ** 2 + m.coords[:, :1]) for m in meshes]
    data = [torch.cat([0 * h, h * m.on_boundary[:, None]], 1) for h, m in zip(harmonic, meshes)]
    solution = problem.solve(Field(stack.padded(torch.cat(data)), stack), tol=1e-2)
    assert solution.field.domain == stack and solution.error.shape == (2,)
    for i, (mesh, true) in enumerate(zip(meshes, harmonic)):
        assert float((solution.field.values[i, : len(mesh)] - true).abs().max()) < 5e-3


def test_what_is_no_mesh_is_refused():
    cloud = PointCloud(torch.rand(9, 2, generator=torch.Generator().manual_seed(0)))
    with pytest.raises(EquationError, match="a grid or on meshes, got a PointCloud"):
        on_disk().solve(at=cloud)
    periodic = Problem(
        "wave", "periodic", {"u": eq(dt(u), lap(u) + 0 * exp(x))}, Grid((8, 8), periodic=True),
        time=Axis(2, name="t"), initial={"u": sin(2 * pi * x)},
    )  # fmt: skip
    with pytest.raises(EquationError, match="periodic, which no mesh is"):
        periodic.solve(at=mesh_region(DISK, 0.5))
