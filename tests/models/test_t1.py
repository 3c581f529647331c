"""T1 trains on coefficients what it answers on points, and keeps the size of what it is shown."""

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.fields import NOTHING, Standardise, Variable
from fredholm.models import T1, CoefficientLayer
from fredholm.objectives import Own, RelativeL2
from fredholm.operators import AnyResolution, Normalised, TimeChannels
from fredholm.systems import t1
from fredholm.testing import band_limited

RING, CELLS = Grid((16, 12), periodic=True), Grid((16, 12), location="cell")
U = (Variable("u"),)


def small(transform: str, out: int = 1) -> T1:
    torch.manual_seed(0)
    return T1(1, out, (4, 3), hidden_channels=6, layers=2, transform=transform).double()


def losses(operator, samples: Samples) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator()
    own, direct = Own(), RelativeL2()
    terms = [o(operator, samples, generator=generator)["relative_l2"] for o in (own, direct)]
    return terms[0], terms[1]


@pytest.mark.parametrize("grid, transform", [(RING, "fourier"), (CELLS, "cosine")])
def test_the_loss_on_coefficients_is_that_on_points(grid, transform):
    """Targets with energy beyond the kept coefficients included."""
    u = band_limited(grid, waves=5)
    samples = Samples(u, u.with_values(u.values**2 + 1), U, U)
    scale = Standardise(1).double().fit(samples.targets)
    for operator in (
        small(transform),
        Normalised(small(transform), scale, Standardise(1).double()),
    ):
        own, direct = losses(operator, samples)
        assert own.item() == pytest.approx(direct.item(), rel=1e-12)
    gradients = []
    for loss in losses(operator, samples):
        operator.zero_grad()
        loss.backward()
        gradients.append(operator.operator.layers[0].kernel.grad.clone())
    assert torch.allclose(*gradients, atol=1e-12)


def test_what_lies_beyond_the_coefficients_counts():
    """Without the energy that is cut the loss of a rough target would be too small."""
    u = band_limited(RING, waves=5)
    operator = small("fourier")
    gap = operator.answer(u) - operator.coefficients(u)
    kept = gap.square().sum((0, 1, 3)).sqrt() / u.values.square().mean((1, 2, 3)).sqrt()
    own, _ = losses(operator, Samples(u, u, U, U))
    assert own.item() > 1.01 * kept.mean().item()


def test_trajectories_are_trained_on_coefficients_too():
    u = band_limited(RING)
    time = Axis(3, 0.0, 1.0, location="right", name="t")
    operator = TimeChannels(small("fourier", 3), time)
    with torch.no_grad():
        target = operator(u.with_values(1.5 * u.values))
    own, direct = losses(operator, Samples(u, target, U, U))
    assert own.item() == pytest.approx(direct.item(), rel=1e-6)


def test_it_answers_on_any_grid_of_its_box():
    operator, u = small("fourier"), band_limited(RING)
    fine = operator(u, at=RING.resized((32, 24)))
    assert torch.allclose(fine.values[:, ::2, ::2], operator(u).values, atol=1e-12)
    with pytest.raises(ValueError, match="answers in the box of its input"):
        operator(u, at=Grid((8, 8), 2.0, periodic=True))
    with pytest.raises(ValueError, match="2 axes of modes, the function has 1"):
        operator(band_limited(Grid((16,), periodic=True)))


def test_orthonormal_sums_in_place_of_means_break_with_the_resolution():
    """The counter-test of the claim: the usual orthonormal transform grows with √N."""

    class Sums(T1):
        def coefficients(self, u):
            return super().coefficients(u) * u.values[0, ..., 0].numel() ** 0.5

    torch.manual_seed(0)
    broken = Sums(1, 1, (4, 3), hidden_channels=6, layers=2, transform="fourier").double()
    u = band_limited(RING, waves=2)
    assert AnyResolution().defect(small("fourier"), u) < 1e-10
    assert AnyResolution().defect(broken, u) > 1e-2


def test_layers_keep_the_size_of_their_input():
    torch.manual_seed(0)
    z = torch.randn(8, 8, 4, 16)
    with torch.no_grad():
        assert 0.7 < float(CoefficientLayer(16, (8, 8))(z).std()) < 1.4
    assert 0.3 < t1._size_after_layers(0) < 3
    assert t1._size_after_layers(0, published_fno=True) < 1e-2


def test_the_experiment_measures_what_it_says(monkeypatch):
    for name, value in (("_POINTS", 16), ("_TRAIN", 10), ("_TEST", 4), ("_EPOCHS", 1)):
        monkeypatch.setattr(t1, name, value)
    monkeypatch.setattr(t1, "_REPEATS", 1)
    monkeypatch.setattr(t1, "_SIZE", {"modes": 3, "hidden_channels": 4, "layers": 1})
    outcome = t1.experiment(0, lambda sentence: None)
    seconds, errors = outcome.figures["seconds_per_step"], outcome.figures["relative_l2"]
    assert outcome.ratio == pytest.approx(seconds["t1"] / seconds["fno"])
    assert outcome.figures["error_ratio"] == pytest.approx(errors["t1"] / errors["fno"])
    assert not outcome.passed or outcome.figures["error_ratio"] <= 1.1
    assert outcome.figures["cost"]["t1"]["steps"] == outcome.figures["cost"]["fno"]["steps"]


def test_it_refuses_what_it_cannot_be():
    with pytest.raises(ValueError, match="transform is one of cosine, fourier"):
        T1(1, 1, (4,), transform="sine")
    with pytest.raises(ValueError, match="modes is at least 1"):
        T1(1, 1, ())
    with pytest.raises(ValueError, match="understands none"):
        small("fourier").terms(
            band_limited(RING),
            band_limited(RING),
            NOTHING.__class__(time=torch.zeros(3)),
            generator=torch.Generator(),
        )
