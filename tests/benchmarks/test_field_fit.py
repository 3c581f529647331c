"""The rough function of the plane, and that fitting it tells networks apart."""

import torch

from fredholm import problems
from fredholm.benchmarks.field_fit import Waves, field_fit, lattice
from fredholm.models import CoordinateMLP, Siren
from fredholm.systems import card


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_target_has_unit_deviation_and_whole_waves():
    target = Waves(generator())
    values = target(lattice(64))
    assert values.shape == (4096, 1)
    assert abs(float(values.std()) - 1) < 1e-12
    x = lattice(9)
    for shift in ([2.0, 0.0], [0.0, -2.0]):
        assert torch.allclose(target(x + torch.tensor(shift)), target(x), atol=1e-9)


def test_sines_are_told_from_relu_and_the_error_is_theirs():
    def fitted(network) -> dict[str, float]:
        return field_fit(network, Waves(generator()), rate=1e-3, steps=60, generator=generator())

    torch.manual_seed(0)
    sines = Siren(2, 1, width=64, layers=4)
    found, other = fitted(sines), fitted(CoordinateMLP(2, 1, width=64, activation="relu"))
    assert found["parameters"] == other["parameters"]
    assert found["relative_l2"] < 0.7 * other["relative_l2"]
    x = lattice(64)
    truth = Waves(generator())(x)
    with torch.no_grad():
        error = float((sines(x.float()) - truth).norm() / truth.norm())
    assert abs(found["relative_l2"] - error) < 1e-6


def test_the_system_sets_up_a_network_of_sines():
    made = card("siren").setup(problems.build("poisson"), frequency=7.0)
    network = made.network_for(problems.build("poisson"), 0)
    assert isinstance(network.trunk, Siren)
    assert network.trunk.frequencies == (7.0, 1.0, 1.0)
