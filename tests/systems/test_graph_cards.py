"""The cards of BENO and RIGNO: what they build from samples, and what their experiments measure."""

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Axis, Cylinder, Grid, Stack
from fredholm.errors import FredholmError
from fredholm.fields import Field, Variable
from fredholm.operators import Superposition
from fredholm.systems import beno, rigno
from fredholm.systems.learn import Choices, learn
from fredholm.testing import band_limited, smooth, star_meshes
from fredholm.training import Budget

MESHES = star_meshes((3, 4, 3, 4, 3, 4, 3, 4))
SMALL = {"hidden_channels": 8, "layers": 1}
STEPS = Budget(steps=4)


def elliptic(meshes: Stack = MESHES) -> Samples:
    """A source with a mean, values on the boundary, and some answer."""
    values = smooth(meshes, channels=2).values
    edge = meshes.padded(torch.cat([member.on_boundary for member in meshes]).double())
    inside = meshes.mask.double()
    inputs = torch.stack([(values[..., 0] + 2) * inside, values[..., 1] * edge], dim=-1)
    labels = (Variable("f"), Variable("g", support="boundary"))
    targets = 3 * inputs[..., :1] + inside[..., None]
    return Samples(Field(inputs, meshes), Field(targets, meshes), labels, (Variable("u"),))


def moving(meshes: Stack = MESHES) -> Samples:
    """Waves that decay."""
    u = smooth(meshes)
    factors = torch.tensor([1.0, 0.7, 0.5])[:, None, None]
    frames = Field(u.values[:, None] * factors, Cylinder(Axis(3, 0.0, 2.0, name="t"), meshes))
    return Samples(u, frames, (Variable("u"),), (Variable("u"),))


def test_answers_superpose_in_physical_units():
    choices = Choices(hyper=SMALL)
    samples = elliptic().to(torch.float32)
    operator = learn(samples, "beno", budget=STEPS, choices=choices).operator.double()
    claim = Superposition(first=(0,), second=(1,))
    inputs = elliptic().inputs
    assert claim.defect(operator, inputs) < 1e-10
    whole = learn(samples, "beno", budget=STEPS, choices=Choices(hyper={**SMALL, "split": False}))
    assert claim.defect(whole.operator.double(), inputs) > 1e-3


def test_a_boundary_is_needed_and_that_of_a_box_is_known():
    for grid, served in ((Grid((8, 8)), True), (Grid((8, 8), periodic=True), False)):
        u = band_limited(grid, n=8).to(torch.float32)
        samples = Samples(u, u, (Variable("f"),), (Variable("u"),))
        choices = Choices(hyper=SMALL, symmetry="none")
        if served:
            assert learn(samples, "beno", budget=STEPS, choices=choices).record.steps == 4
            continue
        with pytest.raises(FredholmError, match="know their boundary, these live on Grid"):
            learn(samples, "beno", budget=STEPS, choices=choices)


def test_coefficients_are_named():
    samples = elliptic().to(torch.float32)
    hyper = {**SMALL, "coefficients": "f"}
    surrogate = learn(samples, "beno", budget=STEPS, choices=Choices(hyper=hyper))
    scaled = surrogate.operator
    assert float(scaled.encode.mean[0]) == pytest.approx(2.0, abs=0.5)
    assert float(scaled.encode.mean[1]) == float(scaled.decode.mean[0]) == 0.0
    hyper = {**SMALL, "coefficients": "a"}
    with pytest.raises(FredholmError, match="coefficients names 'a'"):
        learn(samples, "beno", budget=STEPS, choices=Choices(hyper=hyper))


@pytest.mark.parametrize("trajectory", ["pairs", "step", "direct"])
@pytest.mark.parametrize("key", ["beno", "rigno"])
def test_trajectories_are_learned(key, trajectory):
    samples = moving().to(torch.float32)
    choices = Choices(hyper=SMALL, trajectory=trajectory)
    surrogate = learn(samples, key, budget=STEPS, choices=choices)
    assert surrogate.record.steps == 4
    assert torch.isfinite(surrogate.evaluate(samples).errors).all()


def cells(meshes: Stack = MESHES) -> Samples:
    """Shapes, and some function on them."""
    u = elliptic(meshes)
    nothing = u.inputs.with_values(u.inputs.values[..., :0])
    return Samples(nothing, u.targets, (), u.target_variables)


def test_the_shape_alone_is_an_input():
    bare = cells().to(torch.float32)
    surrogate = learn(bare, "rigno", budget=STEPS, choices=Choices(hyper=SMALL))
    assert torch.isfinite(surrogate.evaluate(bare).errors).all()
    with pytest.raises(FredholmError, match="sources or boundary data"):
        learn(bare, "beno", budget=STEPS, choices=Choices(hyper=SMALL))


def test_regions_follow_the_samples_and_a_period_is_told():
    samples = elliptic().to(torch.float32)
    hyper = {**SMALL, "period": 4.0}
    surrogate = learn(samples, "rigno", budget=STEPS, choices=Choices(hyper=hyper))
    network = surrogate.operator.operator
    assert network.kind == (MESHES.shape[0] // 4, (4.0, 4.0))


class Shapes:
    """Stands for a problem on shapes: quick samples, denser where a smaller size is asked for."""

    def __init__(self, make):
        self.make = make

    def samples(self, n: int, *, seed: int, size: float = 0.3) -> Samples:
        return self.make(star_meshes((round(1 / size),) * n, seed=seed))


def test_beno_experiment_compares_with_one_network(monkeypatch):
    for name, value in {"_TRAINED": 8, "_TESTED": 3, "_EDGE": 0.3, "_SECONDS": 0.2}.items():
        monkeypatch.setattr(beno, name, value)
    monkeypatch.setattr(beno, "_SIZE", SMALL)
    monkeypatch.setattr(beno.problems, "build", lambda key, shapes: Shapes(elliptic))
    told: list[str] = []
    outcome = beno.experiment(0, told.append)
    errors, defects = (outcome.figures[k] for k in ("relative_l2", "superposition_defect"))
    assert len(told) == 5 and set(errors) == {"split", "one network"}
    assert outcome.ratio == errors["split"] / errors["one network"]
    assert defects["split"] < 1e-5 < defects["one network"]
    assert outcome.passed == (outcome.ratio <= 0.7)


def test_rigno_experiment_asks_on_denser_meshes(monkeypatch):
    sizes = {"_TRAINED": 8, "_TESTED": 3, "_DENSE": 2, "_EDGE": 0.3, "_SECONDS": 0.2}
    for name, value in {**sizes, "_SIZE": SMALL}.items():
        monkeypatch.setattr(rigno, name, value)
    monkeypatch.setattr(rigno.problems, "build", lambda key: Shapes(moving))
    outcome = rigno.experiment(0, lambda sentence: None)
    errors, across = (outcome.figures[k] for k in ("relative_l2", "across_densities"))
    assert set(errors) == {"rigno", "one level", "gno", "all edges"}
    assert outcome.ratio == errors["rigno"] / min(errors["one level"], errors["gno"])
    assert across["rigno"]["ratio"] == across["rigno"]["dense"] / across["rigno"]["trained"]
    assert outcome.figures["nodes"]["dense"] > 2 * outcome.figures["nodes"]["trained"]
    assert outcome.passed == (outcome.ratio <= 0.5 and across["rigno"]["ratio"] <= 1.3)


def test_rigno_of_the_published_size_learns_from_shapes_alone(monkeypatch):
    for name, value in {"_CELLS": 10, "_PAPER_SECONDS": 0.2}.items():
        monkeypatch.setattr(rigno, name, value)
    monkeypatch.setattr(rigno, "_PAPER", {"hidden_channels": 8, "layers": 2})
    monkeypatch.setattr(rigno.problems, "build", lambda key: Shapes(cells))
    outcome = rigno.CARD.sizes["paper"](0, lambda sentence: None)
    errors = outcome.figures["relative_l2"]
    assert outcome.ratio == errors["rigno"] / errors["fno"]
