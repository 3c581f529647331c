"""The cards of BENO and RIGNO: what they build from samples, and what their experiments measure."""

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Axis, Cylinder
from fredholm.errors import FredholmError
from fredholm.fields import Field, Variable
from fredholm.operators import Superposition
from fredholm.systems.learn import Choices, learn
from fredholm.testing import smooth, star_meshes
from fredholm.training import Budget

MESHES = star_meshes((3, 4, 3, 4, 3, 4, 3, 4))
SMALL = {"hidden_channels": 8, "layers": 1}
STEPS = Budget(steps=4)


def elliptic() -> Samples:
    """A source with a mean, values on the boundary, and some answer."""
    values = smooth(MESHES, channels=2).values
    edge = MESHES.padded(torch.cat([member.on_boundary for member in MESHES]).double())
    inside = MESHES.mask.double()
    inputs = torch.stack([(values[..., 0] + 2) * inside, values[..., 1] * edge], dim=-1)
    labels = (Variable("f"), Variable("g", support="boundary"))
    targets = 3 * inputs[..., :1] + inside[..., None]
    return Samples(Field(inputs, MESHES), Field(targets, MESHES), labels, (Variable("u"),))


def moving() -> Samples:
    """Waves that decay."""
    u = smooth(MESHES)
    factors = torch.tensor([1.0, 0.7, 0.5])[:, None, None]
    frames = Field(u.values[:, None] * factors, Cylinder(Axis(3, 0.0, 2.0, name="t"), MESHES))
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


@pytest.mark.parametrize("trajectory", ["pairs", "direct"])
@pytest.mark.parametrize("key", ["beno", "rigno"])
def test_trajectories_are_learned(key, trajectory):
    samples = moving().to(torch.float32)
    choices = Choices(hyper=SMALL, trajectory=trajectory)
    surrogate = learn(samples, key, budget=STEPS, choices=choices)
    assert surrogate.record.steps == 4
    assert torch.isfinite(surrogate.evaluate(samples).errors).all()


def test_the_shape_alone_is_an_input():
    u = elliptic()
    bare = Samples(
        u.inputs.with_values(u.inputs.values[..., :0]), u.targets, (), u.target_variables
    )
    bare = bare.to(torch.float32)
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
