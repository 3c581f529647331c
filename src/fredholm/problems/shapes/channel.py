"""Channels with a body in them."""

import math
from dataclasses import dataclass, replace

import torch

from fredholm.domains import Box, Polygon, Region
from fredholm.problems.shapes.prior import SIDES, Bounds, ShapePrior, between
from fredholm.problems.shapes.round import StarShapes


@dataclass(frozen=True)
class Airfoils(ShapePrior):
    """NACA profiles of four digits, chord one from x = -1/2 to 1/2, at a random angle of attack.

    y = y_c(x) ± y_t(x) normal to the camber line, with a closed trailing edge.

    Args:
        camber: Bounds of the largest camber.
        place: Bounds of where it is, from the leading edge.
        thickness: Bounds of the largest thickness.
        attack: Bounds of the angle of attack, in degrees.
        vertices: Corners of the polygon, an even number.
        name: Name of the boundary.

    Reference:
        Jacobs, Ward and Pinkerton, NACA Report 460, 1933, with -0.1036 x⁴ in the place of
        -0.1015 x⁴, which closes the trailing edge.
    """

    camber: tuple[float, float] = (0.0, 0.06)
    place: tuple[float, float] = (0.3, 0.5)
    thickness: tuple[float, float] = (0.08, 0.2)
    attack: tuple[float, float] = (-5.0, 15.0)
    vertices: int = 60
    name: str = "body"

    @property
    def bounds(self) -> Bounds:
        return ((-0.6, 0.6), (-0.6, 0.6))

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.name,)

    def sample(self, *, generator: torch.Generator) -> Region:
        share = torch.rand(4, generator=generator, dtype=torch.float64).tolist()
        ranges = (self.camber, self.place, self.thickness, self.attack)
        m, p, t, degrees = (low + (high - low) * s for s, (low, high) in zip(share, ranges))
        # Corners are dense where the profile bends, at the leading edge.
        x = (1 - torch.cos(torch.linspace(0, math.pi, self.vertices // 2 + 1).double())) / 2
        front = x < p
        side = torch.where(front, p, 1 - p)
        line = m * (1 - ((x - p) / side) ** 2)
        slope = torch.atan(2 * m * (p - x) / side**2)
        powers = torch.stack([x.sqrt(), x, x**2, x**3, x**4])
        factors = torch.tensor([0.2969, -0.1260, -0.3516, 0.2843, -0.1036], dtype=torch.float64)
        half = 5 * t * (factors @ powers)
        over = torch.stack([-half * slope.sin(), half * slope.cos()], dim=-1)
        middle = torch.stack([x, line], dim=-1)
        # From the trailing edge over the upper side and back below.
        chain = torch.cat([(middle + over).flip(0), (middle - over)[1:-1]])
        chain = chain - torch.tensor([0.5, 0.0], dtype=torch.float64)
        a = math.radians(-degrees)
        turn = torch.tensor([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]]).double()
        return Polygon(tuple((x, y) for x, y in (chain @ turn).tolist()), self.name)


@dataclass(frozen=True)
class AroundBody(ShapePrior):
    """A channel with a random body in it, which is moved by a random distance.

    The parts are `left`, `right`, `bottom`, `top` and that of the body.

    Args:
        body: Distribution of the body, a polygon about the origin.
        channel: Bounds of the channel.
        place: Mean place of the body's origin.
        move: Largest distance from there along each axis.

    Raises:
        ValueError: The body may leave the channel.
    """

    body: StarShapes | Airfoils
    channel: Bounds = ((0.0, 3.0), (0.0, 1.0))
    place: tuple[float, float] = (0.8, 0.5)
    move: tuple[float, float] = (0.0, 0.1)

    def __post_init__(self) -> None:
        for at, reach, (low, high), (start, stop) in zip(
            self.place, self.move, self.body.bounds, self.channel, strict=True
        ):
            if at - reach + low <= start or at + reach + high >= stop:
                raise ValueError(
                    f"the body reaches over [{at - reach + low:g}, {at + reach + high:g}], beyond "
                    f"the channel's [{start:g}, {stop:g}]: make it smaller, or move it less"
                )

    @property
    def bounds(self) -> Bounds:
        return self.channel

    @property
    def parts(self) -> tuple[str, ...]:
        return (*SIDES, *self.body.parts)

    def sample(self, *, generator: torch.Generator) -> Region:
        body = self.body.sample(generator=generator)
        assert isinstance(body, Polygon)
        shares = between(-1.0, 1.0, 2, generator)
        dx, dy = (at + share * reach for at, share, reach in zip(self.place, shares, self.move))
        moved = tuple((x + dx, y + dy) for x, y in body.vertices)
        return Box(self.channel) - replace(body, vertices=moved)
