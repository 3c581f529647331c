import pytest
import torch

from fredholm.calculus import derivative
from fredholm.data import Samples
from fredholm.domains import Grid
from fredholm.fields import NOTHING, Variable, group
from fredholm.objectives import Augmented, RelativeH1, RelativeL2
from fredholm.operators import Operator
from fredholm.testing import band_limited

GRID = Grid((24, 24), periodic=True)


class Times(Operator):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(factor, dtype=torch.float64))

    def forward(self, u, given=NOTHING, *, at=None):
        return u.with_values(self.factor * u.values)


class Roll(Operator):
    def forward(self, u, given=NOTHING, *, at=None):
        return u.with_values(u.values.roll(2, 1))


def samples(operator=None) -> Samples:
    u = band_limited(GRID, n=6)
    image = operator(u) if operator else u
    labels = (Variable("u"),)
    return Samples(u, image, labels, labels * image.channels)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("objective", [RelativeL2(), RelativeH1()])
def test_relative_distance_of_a_scaled_function(objective):
    (value,) = objective(Times(1.25), samples(), generator=generator()).values()
    assert value.item() == pytest.approx(0.25, abs=1e-9)


def test_h1_weighs_fine_scales_more():
    u = band_limited(GRID, n=6)
    x = GRID.points()[..., :1]
    bump = {k: u.with_values(u.values + 0.1 * torch.sin(2 * torch.pi * k * x)) for k in (1, 6)}
    labels = (Variable("u"),)

    def error(objective, k):
        batch = Samples(bump[k], u, labels, labels)
        return next(iter(objective(Times(1.0), batch, generator=generator()).values())).item()

    assert error(RelativeL2(), 6) == pytest.approx(error(RelativeL2(), 1), rel=1e-9)
    assert error(RelativeH1(), 6) > 3 * error(RelativeH1(), 1)


def test_objectives_add_and_scale():
    both = RelativeL2() + 0.5 * RelativeH1()
    terms = both(Times(1.2), samples(), generator=generator())
    assert terms["relative_l2"].item() == pytest.approx(0.2)
    assert terms["relative_h1"].item() == pytest.approx(0.1)
    twice = RelativeL2() + RelativeL2()
    assert twice(Times(1.2), samples(), generator=generator())["relative_l2"].item() == (
        pytest.approx(0.4)
    )


def test_augmentation_moves_input_and_target_alike():
    """An equivariant map keeps its error on moved samples; one that is not, does not."""
    exact = Augmented(RelativeL2(), "square")(Times(1.0), samples(), generator=generator())
    assert exact["relative_l2"].item() < 1e-12
    plain = RelativeL2()(Roll(), samples(Roll()), generator=generator())
    moved = Augmented(RelativeL2(), "square")(Roll(), samples(Roll()), generator=generator())
    assert plain["relative_l2"].item() < 1e-12 < 0.1 < moved["relative_l2"].item()


class Slope(Operator):
    """The gradient: a vector for each scalar."""

    def forward(self, u, given=NOTHING, *, at=None):
        slopes = [derivative(u, axis.name, method="spectral").values for axis in u.grid.axes]
        return u.with_values(torch.cat(slopes, dim=-1))


def test_augmentation_turns_each_side_after_its_kind():
    """Components of a gradient change places and signs where the scalar only moves."""

    def error(group):
        objective = Augmented(RelativeL2(), group)
        return objective(Slope(), samples(Slope()), generator=generator())["relative_l2"].item()

    assert error("square:scalar/vector") < 1e-12 < 0.1 < error("square")


def test_augmentation_uses_every_member_of_the_group():
    seen = set()

    class Watch(Operator):
        def forward(self, u, given=NOTHING, *, at=None):
            for values in u.values:
                for number, member in enumerate(group("square", 2)):
                    for original in samples().inputs.values:
                        moved = member(u.with_values(original[None])).values[0]
                        if torch.equal(moved, values):
                            seen.add(number)
            return u

    draw = generator()
    for _ in range(8):
        Augmented(RelativeL2(), "square")(Watch(), samples(), generator=draw)
    assert seen == set(range(8))
