from pathlib import Path

import pytest
import torch

from fredholm.data import Samples, read
from fredholm.data.discover import Findings, discover
from fredholm.data.kernel import KernelRidge
from fredholm.data.symmetries import Translation, actions, transform
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Variable

LABEL = (Variable("u"),)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def poisson(weight: torch.Tensor, n: int = 400) -> Samples:
    """Solutions of -Δu = w f on the unit square, zero on its boundary, for random smooth f."""
    size, modes = 13, torch.arange(1, 5, dtype=torch.float64)
    grid = Grid((size, size))
    points = grid.axes[0].points()
    sines = torch.sin(torch.pi * modes[:, None] * points)
    weights = 1 / (modes[:, None] ** 2 + modes**2)
    draws = torch.randn(n, 4, 4, generator=seeded(), dtype=torch.float64) * weights
    f = torch.einsum("nab,ai,bj->nij", draws, sines, sines)
    coefficients = torch.einsum("nij,ai,bj->nab", weight * f, sines, sines)
    u = torch.einsum("nab,ab,ai,bj->nij", coefficients, weights, sines, sines)
    return Samples(Field(f[..., None], grid), Field(u[..., None], grid), LABEL, LABEL)


def test_the_symmetries_of_the_square_are_found() -> None:
    findings = discover(poisson(torch.ones(13, 13, dtype=torch.float64)), generator=seeded())
    # The map is linear and the inputs are symmetric about zero: all hold with changes of sign too.
    groups = ("square", "reflections", "odd-reflection")
    assert findings.supported == (*groups, "square:pseudoscalar", "reflections:pseudoscalar")


def test_an_off_centre_weight_breaks_them() -> None:
    x, y = Grid((13, 13)).points().unbind(-1)
    weight = 1 + torch.exp(-20 * ((x - 0.3) ** 2 + (y - 0.4) ** 2))
    assert discover(poisson(weight), generator=seeded()).supported == ()


def test_inputs_that_are_not_symmetric_break_them() -> None:
    samples = poisson(torch.ones(13, 13, dtype=torch.float64))
    x = samples.inputs.grid.points()[..., :1]
    # The map stays equivariant; only where its inputs live has changed.
    f, u = (side.with_values(side.values * (1 + x)) for side in (samples.inputs, samples.inputs))
    findings = discover(Samples(f, u, LABEL, LABEL), generator=seeded())
    support = {group.name: group for group in findings.groups}
    assert not support["reflections"].holds and support["reflections"].input_z > 5


def test_real_files(shared_data: Path) -> None:
    def found(name: str) -> Findings:
        return discover(read(shared_data / "neuraloperator" / name), generator=seeded())

    assert found("darcy_train_16.pt").supported == ("square", "reflections")
    burgers = found("burgers_train_16.pt")
    assert burgers.supported == ("odd-reflection", "translations")
    plain = next(group for group in burgers.groups if group.name == "reflections")
    assert plain.z > 10 and plain.ratio > 10


def carried(kind: str, n: int = 400) -> Samples:
    """Of random waves the rate -v·∇ at which they are carried by a velocity v.

    A vorticity ω is carried by v = (∂ψ/∂y, -∂ψ/∂x) with Δψ = -ω, a velocity by itself.
    """
    grid = Grid((10, 10), 2 * torch.pi, periodic=True)
    k = torch.tensor([[1, 0], [0, 1], [1, 1], [1, -1]], dtype=torch.float64)
    channels = 2 if kind == "vector" else 1
    phase = torch.einsum("ijc,kc->ijk", grid.points(), k)[None, ..., None]
    draws = torch.randn(2, n, 1, 1, 4, channels, generator=seeded(), dtype=torch.float64)
    waves = draws[0] * phase.cos() + draws[1] * phase.sin()
    turned = draws[1] * phase.cos() - draws[0] * phase.sin()  # the derivative along the phase
    slopes = torch.einsum("nijkc,kd->nijcd", turned, k)
    stream = torch.einsum("nijkc,kd->nijd", turned / k.square().sum(-1)[:, None], k)
    u = waves.sum(-2)
    v = u if kind == "vector" else torch.stack([stream[..., 1], -stream[..., 0]], dim=-1)
    rate = -torch.einsum("nijcd,nijd->nijc", slopes, v)
    labels = tuple(Variable(name) for name in "uv"[:channels])
    return Samples(Field(u, grid), Field(rate, grid), labels, labels)


@pytest.mark.parametrize("kind", ["pseudoscalar", "vector"])
def test_kinds_are_told_apart(kind: str) -> None:
    findings = discover(carried(kind), generator=seeded())
    support = {group.name: group for group in findings.groups}
    assert support[f"square:{kind}"].holds and support[f"reflections:{kind}"].holds
    # A wrong sign fails, and plainly.
    assert not support["square"].holds and support["reflections"].z > 10, str(findings)


def test_translations_are_exact_and_only_periodic() -> None:
    grid = Grid.of(Axis(3, name="t"), Axis(8, periodic=True), Axis(5, name="y"))
    x = grid.points()[..., 1:2]
    values = torch.sin(2 * torch.pi * (x - 0.25))[None]
    moved = Translation((2, 0))(Field(torch.sin(2 * torch.pi * x)[None], grid))
    assert torch.allclose(moved.values, values, atol=1e-14)
    with pytest.raises(ValueError, match="cannot translate"):
        Translation((0, 1))(moved)
    for action in actions("translations", grid, generator=seeded()):
        assert isinstance(action, Translation) and action.steps[0] and not action.steps[1]


def test_input_and_target_change_alike() -> None:
    samples = poisson(torch.ones(13, 13, dtype=torch.float64), n=3)
    for action in actions("square", samples.inputs.grid):
        moved = transform(samples, action)
        assert torch.equal(moved.inputs.values, action(samples.inputs).values)
        assert torch.equal(moved.targets.values, action(samples.targets).values)
    assert len(actions("square", Grid((8, 9)))) == 3  # no exchange of axes that differ


def test_kernel_ridge_learns_a_quadratic_map_and_a_linear_one_exactly() -> None:
    a = torch.randn(300, 3, generator=seeded(), dtype=torch.float64)
    linear, quadratic = a @ torch.ones(3, 2, dtype=torch.float64), (a**2).sum(1, keepdim=True)
    for u, bound in ((linear, 1e-6), (quadratic, 0.05)):
        predictor = KernelRidge.fit(a[:200], u[:200])
        error = (predictor(a[200:]) - u[200:]).norm() / u[200:].norm()
        assert error < bound


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="20"):
        discover(poisson(torch.ones(13, 13, dtype=torch.float64), n=10), generator=seeded())
