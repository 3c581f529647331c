"""Finite elements against manufactured solutions: measured orders in L2 and in H1."""

import math
from collections.abc import Mapping, Sequence

import pytest
import torch

from fredholm.calculus import Pointwise
from fredholm.domains import (
    Disk,
    Grid,
    Mesh,
    PointCloud,
    Polygon,
    Stack,
    mesh_of_grid,
    mesh_region,
    refined,
)
from fredholm.equations import (
    Expression,
    Unknown,
    advect,
    coefficient,
    coords,
    cos,
    d,
    div,
    dot,
    eq,
    exp,
    field,
    grad,
    lap,
    normal,
    sin,
    vector,
)
from fredholm.equations.expand import rename
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.problems.named.cavity import steady_flow
from fredholm.solvers.finite_elements import FiniteElements
from fredholm.solvers.finite_elements.given import Given
from fredholm.solvers.finite_elements.places import ElementMesh
from fredholm.solvers.finite_elements.statement import compiled
from fredholm.solvers.finite_elements.steady import Factors, settle
from fredholm.solvers.finite_elements.system import System

pytest.importorskip("skfem")
x, y, z = coords("x y z")
u, v, p = field("u"), field("v"), field("p")
ELL = Polygon(((0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1)), name="wall")
WAVE = sin(2 * x + 0.3) * exp(y)
ANY_SIDE = "left|right|bottom|top"


def square(n: int) -> Mesh:
    return mesh_of_grid(Grid((n + 1, n + 1)))


def errors(
    residuals: Mapping[str, Expression],
    conditions: Mapping[str, Sequence[Expression]],
    exact: Mapping[str, Expression],
    mesh: Mesh,
    order: int,
) -> dict[str, tuple[float, float]]:
    """Relative errors in L2 and in the seminorm of H1, by quadrature in the cells.

    Equations and conditions are left sides; their right sides are made of the exact solution.
    """
    known: dict[Expression, Expression] = {Unknown(name): e for name, e in exact.items()}
    equations = {name: eq(e, rename(e, known)) for name, e in residuals.items()}
    stated = {
        part: tuple(eq(e, rename(e, known)) for e in several)
        for words, several in conditions.items()
        for part in words.split("|")
    }
    statement = compiled(equations, stated, mesh.names)
    system = System(statement, ElementMesh(mesh), order, Given({}, {}, {})).determined()
    found, _ = settle(system, 1e-11, Factors())
    (place, *_) = system._places.values()
    jets = system._layout.jets(place, found)
    points = place.points.reshape(-1, mesh.dim)
    result = {}
    for name, e in exact.items():
        wanted = [e, *(d(e, c) for c in (x, y, z)[: mesh.dim])]
        rows = Pointwise(wanted, mesh.names)({}, points)
        true = torch.stack(rows).reshape(-1, *place.weights.shape)
        gap = jets[statement.states.index(name)] - true
        sizes = [float((place.weights * f**2).sum().sqrt()) for f in (gap[0], true[0])]
        slopes = [float((place.weights * f[1:] ** 2).sum().sqrt()) for f in (gap, true)]
        result[name] = (sizes[0] / sizes[1], slopes[0] / slopes[1])
    return result


FLUX = dot(grad(u), normal())
SHEAR = vector(d(u, x) + 0.3 * d(v, y), 0.35 * (d(u, y) + d(v, x)))
PULL = vector(0.35 * (d(u, y) + d(v, x)), d(v, y) + 0.3 * d(u, x))
CASES = {
    "poisson": ({"u": -lap(u)}, {ANY_SIDE: (u,)}, {"u": WAVE}),
    "fluxes": (
        {"u": -div((1 + x * y) * grad(u)) + u},
        {"left|top": (u,), "right": (FLUX,), "bottom": (FLUX + 2 * u,)},
        {"u": WAVE},
    ),
    "flow of heat": (
        {"u": -0.1 * lap(u) + advect(vector(1 + y, -x), u) + x * u},
        {"left|right|bottom": (u,), "top": (0.1 * FLUX,)},
        {"u": WAVE},
    ),
    "no divergence form": (
        {"u": -(2 + x) * lap(u) + 0.5 * d(d(u, x), y)},
        {ANY_SIDE: (u,)},
        {"u": WAVE},
    ),
    "semilinear": ({"u": -lap(u) + exp(u) + u**3}, {ANY_SIDE: (u,)}, {"u": WAVE}),
    "quasilinear": (
        {"u": -div((1 + u**2) * grad(u))},
        {"left|right|bottom": (u,), "top": ((1 + u**2) * FLUX,)},
        {"u": WAVE},
    ),
    "two unknowns": (
        {"u": -lap(u) + v, "v": -div((1 + x) * grad(v)) - u * v},
        {"left|right": (u, v), "bottom|top": (FLUX, v)},
        {"u": WAVE, "v": cos(x - 2 * y)},
    ),
    "elasticity": (
        {"u": -div(SHEAR), "v": -div(PULL)},
        {
            "left|bottom": (u, v),
            "right|top": (dot(SHEAR, normal()), dot(PULL, normal())),
        },
        {"u": WAVE, "v": cos(x - 2 * y)},
    ),
}


def orders(coarse: tuple[float, float], fine: tuple[float, float]) -> list[float]:
    return [math.log2(a / b) for a, b in zip(coarse, fine)]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_orders_of_convergence(case: str, order: int):
    cuts = {1: (16, 32), 2: (8, 16)}[order]
    residuals, conditions, exact = CASES[case]
    coarse, fine = (errors(residuals, conditions, exact, square(n), order) for n in cuts)
    for name in fine:
        measured = orders(coarse[name], fine[name])
        # The bulk of an error may fall faster before it follows its order.
        assert order + 0.85 < measured[0] < order + 1.5
        assert order - 0.15 < measured[1] < order + 0.5
        assert fine[name][0] < {1: 2e-2, 2: 5e-4}[order]


@pytest.mark.parametrize("region", [Disk((0.0, 0.0), 1.0, name="wall"), ELL], ids=["disk", "ell"])
@pytest.mark.parametrize("order", [1, 2])
def test_orders_on_meshes_of_regions(region, order: int):
    mesh = mesh_region(region, 0.2)
    coarse, fine = (
        errors({"u": -lap(u)}, {"wall": (u,)}, {"u": WAVE}, m, order)["u"]
        for m in (mesh, refined(mesh))
    )
    assert orders(coarse, fine) == pytest.approx([order + 1, order], abs=0.25)


def test_cells_bent_to_a_curved_boundary_keep_their_order():
    """With straight edges the chords alone make an error of order 2."""
    disk = Disk((0.0, 0.0), 1.0, name="wall")
    bulge = (1 - x**2 - y**2) * exp(x)
    equations = {"u": eq(-lap(u), rename(-lap(u), {u: bulge}))}
    found: dict[bool, list[float]] = {}
    for bent in (True, False):
        mesh = mesh_region(disk, 0.4)
        for _ in range(2):
            solution = FiniteElements(tol=10.0).solve(
                equations, mesh, {"wall": (eq(u),)}, region=disk if bent else None
            )
            assert solution.details["order"] == 2 and solution.details["cells"] == len(mesh.cells)
            at = mesh.coords
            true = (1 - (at**2).sum(1)) * at[:, 0].exp()
            gap = (mesh.weights() * (solution.field.values[0, :, 0] - true) ** 2).sum().sqrt()
            found.setdefault(bent, []).append(float(gap))
            mesh = refined(mesh, onto=disk)
    slopes = {bent: math.log2(coarse / fine) for bent, (coarse, fine) in found.items()}
    assert slopes[True] > 2.8
    assert slopes[False] == pytest.approx(2, abs=0.2)
    assert found[True][1] < 0.02 * found[False][1]


@pytest.mark.parametrize("shape", [(17,), (5, 5, 5)], ids=["interval", "cube"])
def test_orders_in_one_and_three_dimensions(shape: tuple[int, ...]):
    exact = {"u": sin(2 * x + 0.3) * (exp(y) * cos(z) if len(shape) == 3 else 1.0)}
    coarse = mesh_of_grid(Grid(shape))
    conditions = {"|".join(coarse.parts[:-1]): (u,), coarse.parts[-1]: (FLUX + u,)}
    for order in (1, 2):
        measured = [
            errors({"u": -lap(u) + u}, conditions, exact, mesh, order)["u"]
            for mesh in (coarse, refined(coarse))
        ]
        assert orders(*measured) == pytest.approx([order + 1, order], abs=0.35)


@pytest.mark.parametrize("viscosity", [1.0, 0.2], ids=["slow", "fast"])
def test_orders_of_steady_flow(viscosity: float):
    """Taylor and Hood: at least order 3 for the velocity and 2 for the pressure, with an outlet."""
    stream = sin(2 * x) * cos(3 * y) + x * y
    exact = {"u": d(stream, y), "v": -d(stream, x), "p": cos(x) * sin(y)}
    residuals = {name: e.residual for name, e in steady_flow(viscosity + 0 * x).items()}
    conditions = {"left|bottom|top": (u, v), "right": (d(u, x), d(v, x), p)}
    coarse, fine = (errors(residuals, conditions, exact, square(n), 2) for n in (6, 12))
    for name in "uv":
        assert orders(coarse[name], fine[name]) == pytest.approx([3, 2], abs=0.4)
        assert fine[name][0] < 1e-3
    assert orders(coarse["p"], fine["p"])[0] > 1.8
    assert fine["p"][0] < 0.02


def test_a_pressure_without_outlet_is_fixed_by_its_gauge():
    stream = x**2 * (1 - x) ** 2 * y**2 * (1 - y) ** 2
    known: dict[Expression, Expression] = {u: d(stream, y), v: -d(stream, x), p: x**2 * y - 1.5}
    equations = {
        name: eq(e.residual, rename(e.residual, known))
        for name, e in steady_flow(1.0 + 0 * x).items()
    }
    mesh = square(8)
    conditions = {part: (eq(u), eq(v)) for part in mesh.parts}
    solver = FiniteElements(tol=2e-2)
    solution = solver.solve(equations, mesh, conditions, gauge={"p": (0.5, 0.25)})
    pressure = solution.field.values[0, :, 2]
    at = mesh.coords
    wanted = at[:, 0] ** 2 * at[:, 1] - 0.5**2 * 0.25
    assert float((pressure - wanted).abs().max()) < 1e-2
    free = solver.solve(equations, mesh, conditions).field.values[0, :, 2]
    assert abs(float((mesh.weights() * free).sum())) < 5e-3  # without gauge its mean is zero


def test_without_values_the_mean_is_zero_and_the_source_must_balance():
    mesh = square(8)
    insulated = {part: (eq(FLUX),) for part in mesh.parts}
    source = cos(torch.pi * x)
    solution = FiniteElements(tol=2e-2).solve({"u": eq(-lap(u), source)}, mesh, insulated)
    wanted = torch.cos(torch.pi * mesh.coords[:, 0]) / torch.pi**2
    torch.testing.assert_close(solution.field.values[0, :, 0], wanted, rtol=0, atol=1e-3)
    with pytest.raises(EquationError, match="balance"):
        FiniteElements().solve({"u": eq(-lap(u), 1 + source)}, mesh, insulated)


def test_what_a_nonlinear_term_determines_has_no_mean_of_zero():
    """u³ has no slope at zero, where the equations are looked at first."""
    mesh = square(4)
    insulated = {part: (eq(FLUX),) for part in mesh.parts}
    solution = FiniteElements().solve({"u": eq(-lap(u) + u**3, 8)}, mesh, insulated)
    assert float((solution.field.values - 2).abs().max()) < 1e-8
    with pytest.raises(EquationError, match="rigid motion"):
        pulled = {part: (eq(dot(SHEAR, normal())), eq(dot(PULL, normal()))) for part in mesh.parts}
        FiniteElements().solve({"u": eq(-div(SHEAR), x), "v": eq(-div(PULL))}, mesh, pulled)


def test_stated_error_bounds_the_true_one():
    mesh = mesh_region(ELL, 0.15)
    for tol in (1e-2, 1e-4):
        solution = FiniteElements(tol=tol).solve(
            {"u": eq(-lap(u), rename(-lap(u), {u: WAVE}))}, mesh, {"wall": (eq(u, WAVE),)}
        )
        at = mesh.coords
        true = torch.sin(2 * at[:, 0] + 0.3) * at[:, 1].exp()
        gap = (mesh.weights() * (solution.field.values[0, :, 0] - true) ** 2).sum().sqrt()
        error = float(gap / (mesh.weights() * true**2).sum().sqrt())
        assert error < float(solution.error) <= tol
        assert error < 0.5 * float(solution.error)


def test_the_finest_mesh_has_a_node_for_each_number():
    """On it a solution of second order is exact at the middles of edges, which a line misses."""
    mesh = square(4)
    parabola = x**2 + x * y
    solution = FiniteElements(tol=0.1).solve(
        {"u": eq(lap(u), 2)}, mesh, {p: (eq(u, parabola),) for p in mesh.parts}, finest=True
    )
    (finer,) = solution.field.domain.members  # type: ignore[attr-defined]
    assert torch.equal(finer.coords, refined(mesh).coords)
    assert solution.details["unknowns"] == len(finer)
    true = finer.coords[:, 0] ** 2 + finer.coords[:, 0] * finer.coords[:, 1]
    torch.testing.assert_close(solution.field.values[0, :, 0], true, rtol=0, atol=1e-12)


def test_each_sample_has_its_mesh_and_its_functions():
    f, g = coefficient("f"), coefficient("g")
    equations = {"u": eq(-lap(u), f)}
    meshes = [mesh_region(Disk((0.0, 0.0), r, name="wall"), 0.15) for r in (0.5, 1.0)]
    stack = Stack(tuple(meshes))
    ones = stack.padded(torch.ones(sum(stack.sizes), 1, dtype=torch.float64))
    scale = torch.tensor([1.0, 2.0], dtype=torch.float64)[:, None, None]
    solution = FiniteElements(tol=1e-2).solve(
        equations,
        stack,
        {"wall": (eq(u, g),)},
        coefficients={"f": Field(4 * scale * ones, stack), "g": Field(3 * scale * ones, stack)},
    )
    assert solution.field.domain == stack
    for i, (mesh, r) in enumerate(zip(meshes, (0.5, 1.0))):
        true = scale[i] * (3 + r**2 - (mesh.coords**2).sum(1, keepdim=True))
        found = solution.field.values[i, : len(mesh)]
        assert float((found - true).abs().max() / true.abs().max()) < 1e-2
    assert not bool(solution.field.values[0, len(meshes[0]) :].any())


def test_functions_of_the_coordinates_and_samples_agree():
    mesh = square(8)
    equations = {"u": eq(-div(coefficient("a") * grad(u)), 1.0)}
    conditions = {part: (eq(u),) for part in mesh.parts}

    def solved(given):
        return FiniteElements(tol=1e-4).solve(
            equations, mesh, conditions, coefficients={"a": given}
        )

    linear = Field((1 + mesh.coords[None, :, :1]), mesh)
    called = solved(lambda at: 1 + at[:, 0])
    torch.testing.assert_close(solved(linear).field.values, called.field.values)
    other = solved(Field(2 * linear.values, mesh))
    torch.testing.assert_close(2 * other.field.values, called.field.values)


REFUSED = {
    "fourth order": ({"u": eq(lap(lap(u)), 1)}, {}, "second order"),
    "square of a Laplacian": ({"u": eq(lap(u) ** 2, 1)}, {}, "second order"),
    "no condition": ({"u": eq(-lap(u), 1)}, {"top": ()}, "needs as many conditions"),
    "two at once": ({"u": eq(-lap(u), 1)}, {"top": (eq(u), eq(FLUX))}, "got 1"),
    "slanted": (
        {"u": eq(-lap(u), 1), "v": eq(-lap(v), 1)},
        {ANY_SIDE: (eq(u + v), eq(FLUX))},
        "several unknowns",
    ),
    "tangential": (
        {"u": eq(-lap(u), 1)},
        {"left|right|bottom": (eq(u),), "top": (eq(d(u, x)),)},
        "do not determine",
    ),
    "curved": (
        {"u": eq(-lap(u), 1)},
        {"left|right|bottom": (eq(u),), "top": (eq(d(u, x, 2)),)},
        "first derivatives there",
    ),
    "pressure at a wall": (
        dict(steady_flow(1.0 + 0 * x)),
        {ANY_SIDE: (eq(u), eq(v)), "top": (eq(u), eq(v), eq(p))},
        "meets prescribed values",
    ),
    "unnamed part": ({"u": eq(-lap(u), 1)}, {"top": None}, "nothing is stated on the part 'top'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_solved_is_refused(case: str):
    equations, changed, message = REFUSED[case]
    conditions = {part: (eq(u),) for part in ANY_SIDE.split("|")}
    for words, several in changed.items():
        conditions |= {part: several for part in words.split("|")}
    conditions = {part: several for part, several in conditions.items() if several is not None}
    with pytest.raises(EquationError, match=message):
        FiniteElements().solve(equations, square(4), conditions)


def test_surfaces_and_clouds_are_refused():
    corners = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 1]], dtype=torch.float64)
    surface = Mesh(corners, torch.tensor([[0, 1, 2]]))
    for domain in (surface, PointCloud(corners)):
        with pytest.raises(EquationError, match="(?i)mesh"):
            FiniteElements().solve({"u": eq(-lap(u), 1)}, domain, {"boundary": (eq(u),)})  # type: ignore[arg-type]
