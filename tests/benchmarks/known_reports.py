"""Small samples of every kind, and surrogates whose error is known beforehand."""

from dataclasses import replace

import torch

from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Variable
from fredholm.models import LinearRegression
from fredholm.surrogates import Evaluation, Limits, Surrogate, fit_baselines
from fredholm.training import Moment, fit

TIME = Axis(4, 0.0, 1.0, location="right", name="t", units="s")
GRIDS = {
    "1d": Grid((24,), periodic=True, units="m"),
    "2d": Grid((12, 10), location="left"),
    "3d": Grid((6, 5, 4)),
}


def samples(space: Grid, *, count: int = 12, seed: int = 0, time: Axis | None = None) -> Samples:
    """A function a in, a + a²/4 (and its decay in time) out."""
    generator = torch.Generator().manual_seed(seed)
    shape = (count, *[1] * space.dim)
    values = torch.zeros(count, *space.shape)
    for wave in range(1, 4):
        amplitude = torch.randn(shape, generator=generator)
        phase = 2 * torch.pi * wave * space.points().float().sum(-1)
        values = values + amplitude * torch.sin(phase + amplitude)
    answer = values + values**2 / 4
    grid = space
    if time is not None:
        decay = torch.exp(-time.points().float()).reshape(1, -1, *[1] * space.dim)
        answer, grid = answer[:, None] * decay, Grid.of(time, *space.axes)
    return Samples(
        Field(values[..., None], space),
        Field(answer[..., None], grid),
        (Variable("a", "m"),),
        (Variable("u", "K"),),
        origin={"file": "/secret/folder/waves.nc", "assumed": ["x is taken as periodic"]},
    )


def surrogate(trained: Samples, *, history: bool = True) -> Surrogate:
    """Linear regression as a system, with the story of a training that it never had."""
    shape = trained.signature
    operator = LinearRegression(shape.input_domain, shape.target_domain, 1, 1, 8)
    record = fit(operator, trained)
    if history:
        moments = tuple(Moment(10 * k, k, 0.5 * k, 1e-3 / k, 1.0 / k, 1.1 / k) for k in range(1, 6))
        settings = {**record.settings, "objective": "RelativeL2()", "budget": "50 steps", "seed": 7}
        record = replace(
            record, settings=settings, history=moments, best=moments[-1], steps=50, parameters=1234
        )
    limits = Limits.of(trained.inputs, ("a",))
    return Surrogate(operator, shape, record, limits, fit_baselines(trained), origin=trained.origin)


def with_errors(
    evaluation: Evaluation, mean: float, baselines: dict[str, float], **changes
) -> Evaluation:
    """The same evaluation with other errors, spread by a tenth around these means."""
    spread = torch.linspace(0.9, 1.1, len(evaluation.errors))
    return replace(
        evaluation,
        errors=mean * spread,
        baselines={name: value * spread for name, value in baselines.items()},
        **changes,
    )
