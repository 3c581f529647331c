"""Evolution problems as statements: one's own equation, warm-up, steppers, priors, bad input."""

import math
import warnings

import pytest
import torch

import fredholm
from fredholm.data import Samples, generate
from fredholm.domains import Axis, Grid
from fredholm.equations import coefficient, coords, d, div, dt, eq, field, grad, lap, param, shift
from fredholm.errors import DivergedError, EquationError
from fredholm.fields import Field, difference, norm
from fredholm.problems import Problem, build, stepping
from fredholm.problems.priors import Bounded, Eddies, FourierSeries, SquaredExponential
from fredholm.problems.seams import wrap_ratio
from fredholm.solvers.etdrk import ETDRK

(x,), u, v = coords("x"), field("u"), field("v")
RING = Grid((64,), 16.0, periodic=True)
SERIES = FourierSeries(2)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def relative(found: Field, expected: Field) -> float:
    return float((norm(difference(found, expected)) / norm(expected)).max())


def mine(**changes) -> Problem:
    """The equation of Benney, which is none of the named ones."""
    stated = {
        "key": "benney",
        "title": "Kuramoto-Sivashinsky with dispersion",
        "equations": {"u": eq(dt(u) + div(u**2 / 2), -lap(u) - d(u, x, 3) - lap(lap(u)))},
        "domain": RING,
        "time": Axis(5, 0.0, 2.0, name="t"),
        "varies": {"u": SERIES},
    }
    return Problem(**{**stated, **changes})


def test_an_equation_of_ones_own_is_solved_stepped_and_generated(tmp_path):
    problem = mine()
    inputs = problem.sample(2, generator=seeded())
    solution = problem.solve(inputs, tol=1e-6)
    step = problem.stepper(tol=1e-7)
    state = inputs
    for _ in range(4):
        state = step(state)
    last = Field(solution.field.values[:, -1], RING)
    assert relative(state, last) < 1e-5
    path = generate(problem, 3, path=tmp_path / "mine.nc", resolution=32, tol=1e-4)
    samples = fredholm.read(path)
    assert len(samples) == 3 and samples.targets.grid.shape == (5, 32)
    assert samples.origin["equations"]["u"]["text"] == str(problem.equations["u"])


def test_a_draw_after_the_warm_up_is_the_same_on_every_grid_and_in_every_batch():
    problem = mine(warmup=4.0, warmup_steps=40)
    fine, coarse = (problem.sample(2, problem.grid(n), generator=seeded()) for n in (96, 48))
    assert float((fine.values[:, ::2] - coarse.values).abs().max()) < 1e-13
    drawn = problem.draw(2, problem.domain, generator=seeded())
    alone = problem.warmed(drawn[1:], at=problem.grid(48))
    assert float((alone.values - coarse.values[1:]).abs().max()) < 1e-11
    later = ETDRK(tol=1e-7).solve(
        problem.equations,  # type: ignore[arg-type]
        {"u": drawn},
        Axis(2, 0.0, 4.0, name="t"),
        final=True,
        at=problem.grid(48),
    )
    assert relative(coarse, later.field) < 1e-3
    assert relative(drawn.at(problem.grid(48)), later.field) > 0.1


def test_generated_states_have_warmed_up(tmp_path):
    problem = mine(warmup=4.0, warmup_steps=40)
    read = fredholm.read(generate(problem, 2, path=tmp_path / "a.nc", resolution=32, tol=1e-4))
    one = fredholm.read(
        generate(problem, 2, path=tmp_path / "b.nc", resolution=32, tol=1e-4, chunk=1)
    )
    assert isinstance(read, Samples) and read.origin["warmup"] == 4.0
    assert float((read.inputs.values - one.inputs.values).abs().max()) < 1e-6
    first = read.targets.values[:, 0]
    assert float((first - read.inputs.values).abs().max()) < 1e-2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"warmup": -1.0, "warmup_steps": 1}, "positive time"),
        ({"warmup": 1.0}, "at least one step"),
        ({"warmup": 1.0, "warmup_steps": 2, "varies": {}, "initial": {"u": 1.0}}, "got nothing"),
        ({"hidden": ("u",)}, "hidden unknown 'u'.*here none"),
        ({"conserved": {"mass": v}}, "conserved quantity 'mass' contains 'v'"),
        ({"lattice": True}, "no derivative on a lattice"),
        ({"lattice": True, "equations": {"u": eq(dt(u), shift(u, x=0.1))}}, "does not lead to"),
        ({"varies": {}}, "time order 1.*missing: u"),
        ({"equations": {"u": eq(dt(u, 2), lap(u))}}, r"needs initial conditions for u, dt\(u\)"),
        ({"varies": {"u": SERIES, "dt(u)": SERIES}}, r"'dt\(u\)' varies in 'benney'.*of u only"),
        ({"time": None, "varies": {}}, "no time interval"),
        ({"equations": {"u": dt(u) - lap(u)}}, r"as \{'u': eq\(left, right\)\}; got dt"),
        ({"equations": eq(dt(u), lap(u))}, "each unknown its equation"),
        ({"varies": {"u": "random"}}, "as a prior says.*got 'random'"),
    ],
)
def test_bad_statements_are_refused_in_one_sentence(changes, says):
    with pytest.raises(EquationError, match=says) as caught:
        mine(**changes)
    assert "\n" not in str(caught.value)


def test_values_without_a_grid_are_no_inputs():
    problem = mine()
    with pytest.raises(ValueError, match=r"Field\(values, grid\) makes them; got Tensor"):
        problem.solve(problem.sample(1, generator=seeded()).values)


@pytest.mark.parametrize(
    "right", [-lap(u), lap(lap(u)), -lap(u) + d(u, x, 3) + lap(lap(u))], ids=str
)
def test_ill_posed_equations_are_refused_in_one_sentence(right):
    problem = mine(equations={"u": eq(dt(u), right)})
    inputs = problem.sample(1, generator=seeded())
    for attempt in (lambda: problem.solve(inputs), problem.stepper):
        with pytest.raises(EquationError, match="ill-posed.*signs") as caught:
            attempt()
        assert "\n" not in str(caught.value)


def test_an_evolution_between_walls_is_no_step():
    clamped = {"all": (u, lap(u))}
    walls = mine(domain=Grid((32,)), boundary=clamped, varies={"u": SquaredExponential(0.1)})
    with pytest.raises(EquationError, match="periodic axes"):
        walls.stepper(substeps=1)


def test_an_unstable_step_names_the_time():
    problem = build("kdv", length=32.0)
    inputs = problem.sample(1, problem.grid(64), generator=seeded())
    inputs = inputs.with_values(100 * inputs.values)
    solver = ETDRK(step=0.5, resolution=256)
    with pytest.raises(DivergedError, match=r"at t = .*\(step \d+ of 20.*take a smaller step"):
        solver.solve(problem.equations, {"u": inputs}, problem.time)  # type: ignore[arg-type]
    with pytest.raises(DivergedError, match=r"step \d of 2 .*take more steps"):
        mine(warmup=1000.0, warmup_steps=2).sample(1, generator=seeded())


def test_data_with_a_seam_is_told_of_with_the_ratio():
    problem = mine()
    smooth = SquaredExponential(3.0).sample(8, Grid((64,), 16.0), generator=seeded())
    seam = Field(smooth.values, RING)
    with pytest.warns(
        UserWarning, match=r"seem not to be periodic along 'x'.* [\d.]+ times as far"
    ):
        problem.check_inputs(seam)
    assert wrap_ratio(seam, "x") > 3
    plane = Field(smooth.values[:, :, None].expand(8, 64, 64, 1), Grid((64, 64), periodic=True))
    assert wrap_ratio(plane, "x") > 3 and wrap_ratio(plane, "y") == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        problem.check_inputs(problem.sample(8, generator=seeded()))
        front = RING.points()[:, 0] < 8  # one jump is at the seam, the other is not
        problem.check_inputs(Field(front.double()[None, :, None], RING))
        problem.check_inputs(Field(torch.ones(1, 64, 1, dtype=torch.float64), RING))


@pytest.mark.parametrize("ask", [Problem.solve, Problem.member])
def test_a_seam_is_told_of_where_the_problem_was_asked(ask):
    ramp = torch.linspace(0, 1, 32, dtype=torch.float64)[None, :, None]
    with pytest.warns(UserWarning, match="seem not to be periodic") as told:
        ask(build("heat"), Field(ramp, Grid((32,), periodic=True)))
    assert told[0].filename == __file__


def test_steppers_of_problems():
    problem = build("burgers", nu=0.05, frames=5)
    inputs = problem.sample(2, problem.grid(64), generator=seeded(5))
    step = problem.stepper()
    assert step.interval == 0.25 and step.grid == problem.domain
    state, solved = inputs, problem.solve(inputs, tol=1e-8).field
    for frame in range(1, 5):
        state = step(state)
        assert relative(state, Field(solved.values[:, frame], inputs.grid)) < 1e-5
    loose = problem.stepper(tol=1e-2)
    assert loose.substeps < step.substeps
    assert float(step.accuracy(inputs).max()) < 1e-5 < float(loose.accuracy(inputs).max())
    assert problem.stepper(0.1, substeps=3, resolution=32).substeps == 3
    linear = build("diffusion").stepper(0.3)
    assert linear.substeps == 1


def test_steppers_know_parameters_hidden_unknowns_and_lattices():
    flow = build("navier_stokes", nu=0.05, horizon=0.2, peak=2.0).with_parameters(nu=0.1)
    inputs = flow.sample(1, flow.grid(24), generator=seeded())
    step = flow.stepper(tol=1e-6, resolution=48)
    assert step.states == ("w",)
    assert relative(step(inputs), flow.solve(inputs, tol=1e-7).field) < 1e-5
    ring = build("lorenz96", warmup=1.0, horizon=0.1)
    inputs = ring.sample(2, generator=seeded())
    assert relative(ring.stepper()(inputs), ring.solve(inputs, tol=1e-8).field) < 1e-5
    with pytest.raises(EquationError, match="on no other grid"):
        ring.stepper(resolution=20)


def test_stepping_what_has_no_stepper_is_refused(monkeypatch):
    monkeypatch.setattr(stepping, "_MOST", 64)
    with pytest.raises(EquationError, match="steady"):
        build("darcy").stepper()
    a = coefficient("a", positive=True)
    medium = mine(
        equations={"u": eq(dt(u), div(a * grad(u)))},
        varies={"u": SERIES, "a": Bounded(SERIES, 1, 2)},
    )
    with pytest.raises(EquationError, match="coefficient 'a'.*coefficients="):
        medium.stepper()
    blow_up = mine(equations={"u": eq(dt(u), u**3 + lap(u))}, varies={"u": FourierSeries(2, 4.0)})
    with pytest.raises(DivergedError, match="64 substeps"):
        blow_up.stepper(resolution=16)


def test_eddies_have_their_energy_and_their_size():
    grid = Grid((32, 32), 3.0, periodic=True)
    vorticity = Eddies(peak=4.0, energy=2.0).sample(64, grid, generator=seeded())
    modes = torch.fft.fft2(vorticity.values[..., 0], norm="forward")
    index = torch.fft.fftfreq(32, 1 / 32).double()
    periods = (index[:, None] ** 2 + index**2).sqrt()
    wavenumber = 2 * math.pi / 3.0 * periods
    energy = (modes.abs() / wavenumber.clamp(min=1e-9)).square().mean(0) / 2
    assert abs(float(energy.sum()) - 2.0) < 0.15
    shells = torch.stack([energy[(periods.round() == k)].sum() for k in range(16)])
    assert int(shells.argmax()) == 4 and float(modes[:, 0, 0].abs().max()) < 1e-12
    finer = Eddies(peak=4.0, energy=2.0).sample(64, grid.resized(64), generator=seeded())
    assert float((finer.values[:, ::2, ::2] - vorticity.values).abs().max()) < 1e-6
    with pytest.raises(ValueError, match="positive"):
        Eddies(peak=0.0)


def test_bounded_functions_stay_between_their_bounds():
    draws = Bounded(FourierSeries(3, 5.0), -1.0, 2.0).sample(16, RING, generator=seeded()).values
    assert -1 < float(draws.min()) < -0.9 and 1.9 < float(draws.max()) < 2
    with pytest.raises(ValueError, match="low < high"):
        Bounded(SERIES, 1.0, 1.0)


def test_impossible_parameters_of_named_problems():
    for key, parameters, says in [
        ("navier_stokes", {"forcing": "wind"}, "forcing is one of"),
        ("allen_cahn", {"dim": 4}, "dim is 1, 2 or 3"),
        ("cahn_hilliard", {"length": -1.0}, "length must be positive"),
        ("lorenz96", {"size": 3}, "at least 4 points"),
        ("kdv", {"horizon": 0.0}, "horizon must be positive"),
    ]:
        with pytest.raises(ValueError, match=says):
            build(key, **parameters)
    with pytest.raises(EquationError, match="must be positive"):
        build("gray_scott", feed=-0.1)


def test_hidden_unknowns_are_no_targets():
    nu = param("nu", 0.1)
    pair = {"u": eq(dt(u), nu * lap(u) + v), "v": eq(-lap(v) + v, u)}
    problem = mine(equations=pair, hidden=("v",))
    assert problem.targets == ("u",) and [t.name for t in problem.target_variables] == ["u"]
    open_too = mine(equations=pair)
    inputs = problem.sample(1, generator=seeded())
    both, one = (p.solve(inputs).field.values for p in (open_too, problem))
    assert both.shape[-1] == 2 and torch.equal(both[..., :1], one)
