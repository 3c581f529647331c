"""Operators between the codes of functions, each code found by gradient steps."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import Domain, Stack, shape_features, space_of, unordered
from fredholm.fields import NOTHING, Field, Given, cleared
from fredholm.layers import Coordinates, ModulatedSiren
from fredholm.operators import AnyDensity, Claim, Operator, at_least_one

_CODE_STEP = 1.0
"""Learning rate of the codes at the start; it is trained."""


class CORAL(Operator):
    """Coordinate-based operator learning: functions become codes, and codes are mapped.

    A code is what three gradient steps from zero make of the distance between a network of sines
    that it shifts and the samples of a function: so points may lie anywhere, and differ in number.
    The steps are differentiated in training, so that the network learns to be easy to fit. The
    answer is the function of another such network at the code that a plain network gives.

    Where there are boundaries, the distance from them and the normals are functions of the input
    too: they tell the shape.

    Args:
        in_channels: Channels of the input; without any the shape alone is the input.
        out_channels: Channels of the output.
        axes: Name, start, stop and whether it is periodic for each coordinate, see `Coordinates`.
        shapes: Whether the boundary is a part of the input.
        code: Length of the codes.
        hidden_channels: Width of all networks.
        layers: Hidden layers of the networks of sines, and blocks of the map between codes.
        frequencies: Angular frequencies of the network for inputs and of that for outputs.
        steps: Gradient steps that make a code.

    Shapes:
        Field (batch, n, in_channels) -> Field (batch, n, out_channels).

    Reference:
        Serrano et al., NeurIPS 2023, arXiv:2306.07266, sections 3.1 and 3.2. Departs from it: the
        distance is an integral, so that dense points do not count more; both networks are trained
        at once; then the map too, through the codes and on the distance of its answers, because
        the distance of codes counts components that say nothing of a function; shapes are told
        by the distance from the boundary and not by a deformation.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        axes: Sequence[tuple[str, float, float, bool]],
        *,
        shapes: bool = True,
        code: int = 64,
        hidden_channels: int = 64,
        layers: int = 3,
        frequencies: tuple[float, float] = (5.0, 10.0),
        steps: int = 3,
    ) -> None:
        super().__init__()
        at_least_one(code=code, hidden_channels=hidden_channels, layers=layers, steps=steps)
        self.steps, self.code = steps, code
        self.places = Coordinates(axes)
        self.shapes = shapes
        told = in_channels + (len(axes) + 2 if shapes else 0)
        if told < 1:
            raise ValueError("an input without channels needs shapes: shapes=True")
        sizes = {"width": hidden_channels, "layers": layers}
        first, second = frequencies
        self.source = ModulatedSiren(self.places.features, told, code, frequency=first, **sizes)
        self.image = ModulatedSiren(
            self.places.features, out_channels, code, frequency=second, **sizes
        )
        self.rates = nn.Parameter(torch.full((2,), _CODE_STEP))
        wide = 2 * hidden_channels
        self.between = CodeMap(code, wide, layers)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (AnyDensity(bound=0.05),)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        domains = unordered(u.domain, len(u))
        code = self._encode(0, domains, self._told(u, domains))
        code = code if self.training else code.detach()
        asked = at or u.domain
        points = unordered(space_of(asked), len(u))
        values = self.image(self.places(points.points()).to(code), self.between(code))
        return cleared(Field(values.reshape(len(u), *asked.shape, -1), asked))

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """What is left of inputs and outputs after their codes, in mean squares."""
        given.only()
        sides = unordered(u.domain, len(u)), unordered(target.domain, len(target))
        told = self._told(u, sides[0]), target.values.flatten(1, -2)
        codes = [self._encode(side, sides[side], told[side]) for side in (0, 1)]
        left = [self._distance(side, sides[side], told[side], codes[side]) for side in (0, 1)]
        return {"input": left[0].mean(), "output": left[1].mean()}

    def left(self, u: Field) -> tuple[Float[Tensor, "batch"], Float[Tensor, "batch"]]:
        """Mean squared distances of inputs from what their codes say, and from the code zero."""
        domains = unordered(u.domain, len(u))
        told = self._told(u, domains)
        code = self._encode(0, domains, told)
        after, before = (
            self._distance(0, domains, told, z) for z in (code, torch.zeros_like(code))
        )
        return after.detach(), before.detach()

    def _told(self, u: Field, domains: Stack) -> Float[Tensor, "batch n told"]:
        """The functions that a code has to know: the inputs, and the shape."""
        values = u.values.flatten(1, -2)
        if not self.shapes:
            return values
        return torch.cat([values, domains.gathered(shape_features).to(values)], dim=-1)

    def _encode(self, side: int, domains: Stack, values: Tensor) -> Float[Tensor, "batch code"]:
        """Codes after the gradient steps, differentiable where gradients are asked for."""
        learning = torch.is_grad_enabled() and self.training
        with torch.enable_grad():
            code = values.new_zeros(len(values), self.code, requires_grad=True)
            for _ in range(self.steps):
                # The sum over the batch: each code has the gradient that it would have alone.
                loss = self._distance(side, domains, values, code).sum()
                (slope,) = torch.autograd.grad(loss, code, create_graph=learning)
                code = code - self.rates[side] * slope
        return code

    def _distance(
        self, side: int, domains: Stack, values: Tensor, code: Tensor
    ) -> Float[Tensor, "batch"]:
        """The mean over each domain of the squared distance between function and samples."""
        weights = domains.weights().to(values)
        weights = weights / weights.sum(1, keepdim=True)
        points = self.places(domains.points()).to(values)
        gap = (self.image if side else self.source)(points, code) - values
        return (gap.square().mean(-1) * weights).sum(1)


class CodeMap(nn.Module):
    """z <- z + silu(W₂ silu(W₁ z)), some times.

    Args:
        code: Length of the codes.
        hidden_channels: Width inside a block.
        layers: Number of blocks.

    Shapes:
        (batch, code) -> (batch, code).
    """

    def __init__(self, code: int, hidden_channels: int, layers: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.ModuleList([nn.Linear(code, hidden_channels), nn.Linear(hidden_channels, code)])
            for _ in range(layers)
        )

    def forward(self, z: Float[Tensor, "batch code"]) -> Float[Tensor, "batch code"]:
        for first, second in self.blocks:  # type: ignore[misc]
            z = z + functional.silu(second(functional.silu(first(z))))
        return z
