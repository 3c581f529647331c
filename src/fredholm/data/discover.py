"""Which symmetries a set of samples supports: a statistical test, not a proof.

Where (a, u) has a symmetry g, that is where the map commutes with g and the inputs are as likely as
their images, then (ga, gu) has the same distribution as (a, u). A predictor fitted to other samples
then makes the same error on both, apart from chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.data.kernel import KernelRidge
from fredholm.data.samples import Samples
from fredholm.data.symmetries import Action, actions, transform
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, norm

GROUPS = ("square", "reflections", "odd-reflection", "translations")
"""The groups that are tried on all samples, where they fit the grid."""
KINDS = ("square:{kind}", "reflections:{kind}")
"""Those that are tried in the plane and in space as well, for other kinds than scalars."""

_LIMIT = 4.0
"""Standard errors beyond which a difference is not chance, with many tests of the same data."""
_FUNCTIONALS = 48
_MOST = 800


@dataclass(frozen=True)
class Support:
    """What the data say on one group.

    Args:
        name: The group.
        ratio: Error on transformed samples over error on the samples as they are; near 1 where the
            symmetry holds.
        z: Largest difference of the two errors in standard errors, over the group's elements.
        input_z: Largest difference between inputs and their images in standard errors.
    """

    name: str
    ratio: float
    z: float
    input_z: float

    @property
    def holds(self) -> bool:
        """Whether nothing in the data speaks against it."""
        return self.z < _LIMIT and self.input_z < _LIMIT + 1

    def __str__(self) -> str:
        verdict = "supported" if self.holds else "rejected"
        return (
            f"{self.name}: {verdict} (error x{self.ratio:.2f}, {self.z:.1f} standard errors; "
            f"inputs {self.input_z:.1f})"
        )


@dataclass(frozen=True)
class Findings:
    """The verdict on every group that fits the grid.

    Args:
        groups: One entry per group.
        error: Relative error of the predictor on the samples as they are: the smaller, the finer
            the differences that the test can see.
        count: Samples that the test used.
    """

    groups: tuple[Support, ...]
    error: float
    count: int

    @property
    def supported(self) -> tuple[str, ...]:
        """Names of the groups that the data support."""
        return tuple(support.name for support in self.groups if support.holds)

    def __str__(self) -> str:
        head = f"symmetries, from {self.count} samples (predictor's error {self.error:.3f})"
        return "\n".join([head, *(f"  {support}" for support in self.groups)])


def discover(
    samples: Samples, *, generator: torch.Generator, groups: Sequence[str] | None = None
) -> Findings:
    """Tests groups of symmetries, as far as they fit the grid of the samples.

    Args:
        samples: At least twenty; at most 800 of them are used.
        generator: Splits the samples and draws translations and functionals.
        groups: Their names; by default those of `GROUPS`, and in more than one dimension those of
            pseudo-scalars, such as a vorticity, where there is one function, and those of vectors
            where there are as many as there are axes.

    Raises:
        ValueError: Too few samples.
    """
    if len(samples) < 20:
        raise ValueError(
            f"a symmetry cannot be tested on {len(samples)} samples, only on 20 or more"
        )
    chosen = torch.randperm(len(samples), generator=generator)[:_MOST]
    samples = _closed(samples[chosen].to(torch.float64))
    half = len(samples) // 2
    predictor = KernelRidge.fit(_features(samples[:half]), samples.targets.values[:half].flatten(1))
    held_out = samples[half:]
    plain = _errors(predictor, held_out)
    functionals = torch.randn(
        samples.inputs.values[0].numel(), _FUNCTIONALS, generator=generator, dtype=torch.float64
    )
    tested = []
    for name in _hypotheses(samples) if groups is None else groups:
        found = actions(name, samples.inputs.grid, generator=generator)
        if found:
            tests = [_test(predictor, samples, held_out, plain, g, functionals) for g in found]
            ratio, z, input_z = (max(values) for values in zip(*tests))
            tested.append(Support(name, ratio, z, input_z))
    return Findings(tuple(tested), float(plain.mean()), len(samples))


def _hypotheses(samples: Samples) -> tuple[str, ...]:
    """The names of the groups to test."""
    dim, channels = samples.signature.spatial_dim, samples.inputs.channels
    kind = {1: "pseudoscalar", dim: "vector"}.get(channels)
    if dim == 1 or kind is None or samples.targets.channels != channels:
        return GROUPS
    return (*GROUPS, *(name.format(kind=kind) for name in KINDS))


def _closed(samples: Samples) -> Samples:
    """Without points whose mirror image is not stored: the one end of `left` and `right` axes."""

    def inner(u: Field) -> Field:
        axes, keep = [], [slice(None)]
        for axis in u.grid.axes:
            one_sided = axis.location in ("left", "right") and axis.name != "t"
            if one_sided:
                h, n = axis.spacing, axis.size
                axis = Axis(n - 1, axis.start + h, axis.stop - h, name=axis.name, units=axis.units)
            start = one_sided and u.grid.axis(axis.name).location == "left"
            keep.append(slice(int(start), int(start) + axis.size))
            axes.append(axis)
        return Field(u.values[tuple(keep)], Grid.of(*axes))

    return replace(samples, inputs=inner(samples.inputs), targets=inner(samples.targets))


def _test(
    predictor: KernelRidge,
    samples: Samples,
    held_out: Samples,
    plain: Float[Tensor, "n"],
    action: Action,
    functionals: Float[Tensor, "m k"],
) -> tuple[float, float, float]:
    moved = _errors(predictor, transform(held_out, action))
    ratio = float(moved.mean() / plain.mean().clamp(min=1e-300))
    a, b = samples.inputs, action(samples.inputs)
    moments = _moments(a.values.flatten(1) @ functionals, b.values.flatten(1) @ functionals)
    return ratio, _standard_errors(moved - plain), moments


def _errors(predictor: KernelRidge, samples: Samples) -> Float[Tensor, "n"]:
    """Relative to the mean size, so that one small sample does not dominate."""
    targets = samples.targets
    guess = predictor(_features(samples)).reshape(targets.values.shape)
    scale = norm(targets).square().mean().sqrt().clamp(min=1e-300)
    return norm(targets.with_values(guess - targets.values)) / scale


def _features(samples: Samples) -> Float[Tensor, "n m"]:
    values = samples.inputs.values.flatten(1)
    if samples.params is None:
        return values
    # Parameters count as much as the whole function does.
    scale = values.std() * math.sqrt(values.shape[1]) / samples.params.std(0).clamp(min=1e-300)
    return torch.cat([values, samples.params * scale], dim=1)


def _moments(a: Float[Tensor, "n k"], b: Float[Tensor, "n k"]) -> float:
    """Largest difference of the first three moments, in standard errors.

    Functionals of many points are nearly Gaussian; the first two moments carry most of the news.
    """
    centre, scale = a.mean(0), a.std(0).clamp(min=1e-300)
    a, b = (a - centre) / scale, (b - centre) / scale
    return max(
        _standard_errors(column, two_sided=True)
        for power in (1, 2, 3)
        for column in (b**power - a**power).unbind(1)
    )


def _standard_errors(difference: Float[Tensor, "n"], *, two_sided: bool = False) -> float:
    """Mean of paired differences over its standard error; exactly equal pairs differ by none."""
    mean = float(difference.mean())
    error = float(difference.std()) / math.sqrt(len(difference))
    if error <= 1e-12:
        return 0.0 if abs(mean) <= 1e-9 else math.copysign(math.inf, mean)
    return abs(mean) / error if two_sided else mean / error
