"""Which symmetries a training uses, and what becomes of them."""

from dataclasses import replace

import pytest
import torch

from fredholm.data import Samples, forecast
from fredholm.domains import Grid
from fredholm.errors import FredholmError
from fredholm.fields import Field, Variable, members
from fredholm.operators import Operator
from fredholm.problems import build
from fredholm.surrogates import Surrogate
from fredholm.systems.learn import Choices, learn
from fredholm.systems.symmetries import chosen_symmetries
from fredholm.training import Budget

SMALL = {"modes": 2, "hidden_channels": 4, "layers": 1}
U = (Variable("u"),)


def flow(n: int = 6, **parameters) -> Samples:
    problem = build("navier_stokes", nu=0.05, horizon=0.2, peak=2.0, **parameters)
    return problem.samples(n, resolution=12, tol=1e-3)


def told(samples: Samples, wanted="auto"):
    sentences: list[str] = []
    return chosen_symmetries(samples, wanted, 0, sentences.append), sentences


def test_the_equations_of_a_flow_give_the_square_of_a_pseudoscalar():
    (group, translations), sentences = told(flow())
    assert translations and set(group) == set(members("square:pseudoscalar", 2))
    assert "symmetries, 8 by its equations: y -> -y, (w0, w) -> (-w0, -w); " in sentences[1]


def test_trajectories_have_them_with_time_left_alone():
    samples = forecast(flow(frames=3))
    (group, _), _ = told(samples)
    [mirror] = [m for m in group if m.inputs.flips == (True, False) and m.inputs.order == (0, 1)]
    moved = mirror.targets(samples.targets).values
    frame = mirror.inputs(Field(samples.targets.values[:, 1], samples.inputs.grid)).values
    assert torch.equal(moved[:, 1], frame) and torch.equal(
        frame, -samples.targets.values[:, 1].flip(1).roll(1, 1)
    )


def test_a_learned_flow_is_mirrored_exactly_and_stays_so_in_a_file(tmp_path):
    samples = flow().to(torch.float32)
    surrogate = learn(samples, "fno", budget=Budget(steps=2), choices=Choices(hyper=SMALL))
    surrogate.save(tmp_path / "flow")
    for operator in (surrogate.operator, Surrogate.load(tmp_path / "flow").operator):
        assert defect(operator, samples.inputs, "square:pseudoscalar") < 1e-6
        assert defect(operator, samples.inputs, "square") > 1e-4


@torch.no_grad()
def defect(operator: Operator, u: Field, group: str) -> float:
    """The largest difference between G(a u) and b G(u), relative to the largest value."""
    answer = operator(u)
    gaps = [
        operator(member.inputs(u)).values - member.targets(answer).values
        for member in members(group, 2)
    ]
    return float(torch.stack(gaps).abs().max() / answer.values.abs().max())


def test_a_force_leaves_less_and_is_not_asked_for_more():
    (group, _), sentences = told(flow(forcing="diagonal"))
    assert group == "none" and not any("reflections" in sentence for sentence in sentences)


def test_only_what_fits_the_samples_is_used():
    samples = flow()
    oblong = samples.inputs.grid.resized((12, 6))
    (group, _), _ = told(
        replace(samples, inputs=samples.inputs.at(oblong), targets=samples.targets.at(oblong))
    )
    assert len(group) == 4
    renamed = replace(samples, target_variables=(Variable("other"),))
    varied = replace(samples, params=torch.rand(len(samples), 1), param_variables=(Variable("nu"),))
    assert told(renamed)[0][0] == told(varied)[0][0] == "none"


def test_what_is_asked_for_has_to_fit():
    samples = flow()
    assert told(samples, "square:pseudoscalar")[0][0] == "square:pseudoscalar"
    for wanted, sentence in (
        ("square:vector", "2 channels, the inputs have 1: w0"),
        ("square:pseudoscalar/vector", "2 channels, the targets have 1: w"),
        ("sqare:vector", "did you mean 'square'"),
        ("square:scaler", "did you mean 'scalar'"),
    ):
        with pytest.raises(FredholmError, match=sentence):
            told(samples, wanted)


def waves(n: int = 200) -> Field:
    grid = Grid((8, 8), 2 * torch.pi, periodic=True)
    k = torch.tensor([[1, 0], [0, 1], [1, 1], [1, -1]]).double()
    draws = torch.randn(2, n, 4, 1, 1, generator=torch.Generator().manual_seed(0)).double()
    phase = torch.einsum("ijc,kc->kij", grid.points(), k)
    return Field((draws[0] * phase.cos() + draws[1] * phase.sin()).sum(1)[..., None], grid)


def test_kinds_that_samples_do_not_tell_apart_are_not_used():
    """A linear map is as good on pseudo-scalars as on scalars; an even one shows what it is."""
    u = waves()
    (group, translations), sentences = told(Samples(u, u.with_values(2 * u.values), U, U))
    assert group == "none" and translations and "state which" in sentences[-1]
    squared = u.with_values(u.values**2)
    assert told(Samples(u, squared, U, U))[0] == ("square", True)
