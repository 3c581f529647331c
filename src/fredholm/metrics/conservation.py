"""What should stay constant in time, and how far it drifts."""

from collections.abc import Mapping, Sequence

from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import evaluate
from fredholm.equations import Expression
from fredholm.fields import Field
from fredholm.metrics.errors import relative
from fredholm.metrics.frames import frames, space_integral, space_weights, time_axis


def drift(
    u: Field,
    density: Expression,
    *,
    names: Sequence[str] = ("u",),
    values: Mapping[str, Field | float] | None = None,
    start: Field | None = None,
) -> Float[Tensor, "batch times"]:
    """(I(t) - I(0)) / S of an integral I = ∫ρ dx over space, for each sample at each time.

    The scale is S = ∫|ρ| dx at the start: |I(0)| where the density has one sign, and still of the
    right size where the integral is about zero, as the mass of a wave is. A frame that is not
    finite has drifted infinitely far.

    Args:
        u: A trajectory.
        density: ρ, an expression in the unknowns; derivatives in space are allowed.
        names: Names of the channels of `u` in the expression, in their order.
        values: Coefficients and parameters of the expression by name.
        start: The state at the start; by default the first frame of `u`, which in a forecast
            comes one interval after the given state.

    Raises:
        ValueError: `u` is not a trajectory, or has another number of channels than names.
        EquationError: The expression needs a value that is not given.
    """
    time_axis(u)
    total, size = _integrals(u, density, names, values)
    first, scale = (total, size) if start is None else _integrals(start, density, names, values)
    gap = total - first[:, :1]
    return relative(gap, scale[:, :1].expand_as(gap))


def _integrals(
    u: Field,
    density: Expression,
    names: Sequence[str],
    values: Mapping[str, Field | float] | None,
) -> tuple[Float[Tensor, "batch times"], Float[Tensor, "batch times"]]:
    """∫ρ dx and ∫|ρ| dx of each frame."""
    if len(names) != u.channels:
        raise ValueError(f"the function has {u.channels} channels, got the names {tuple(names)}")
    channels = {
        name: u.with_values(u.values[..., i : i + 1].double()) for i, name in enumerate(names)
    }
    rho, weights = evaluate(density, {**(values or {}), **channels}, u.grid), space_weights(u)
    total, size = (space_integral(v, weights)[..., 0] for v in (frames(rho), frames(rho).abs()))
    return total.expand(len(u), -1), size.expand(len(u), -1)
