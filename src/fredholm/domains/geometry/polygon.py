"""Polygons, convex or not."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fredholm.domains.geometry.region import Boundary, Bounds, Region, check_name
from fredholm.domains.geometry.sampling import Method, fill_cube
from fredholm.domains.geometry.smooth import joined, trimmed


@dataclass(frozen=True)
class Polygon(Region):
    """What a closed chain of straight edges encloses; edge i runs from vertex i to vertex i + 1.

    Memory is proportional to points × edges.

    Args:
        vertices: The corners in order, clockwise or not, the first not repeated at the end.
        name: Name of the whole boundary, where edges have none of their own.
        edges: One name for each edge; edges of one name are one part.

    Raises:
        ValueError: Fewer than three vertices, edges without length, edges that cross or touch, or
            another number of names than of edges.

    Reference:
        Dyken & Floater, Transfinite mean value interpolation, CAGD 26, 2009 (`level`).
    """

    vertices: tuple[tuple[float, float], ...]
    name: str = "polygon"
    edges: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "vertices", tuple((float(x), float(y)) for x, y in self.vertices))
        object.__setattr__(self, "edges", tuple(self.edges))
        for name in (self.name, *self.edges):
            check_name(name)
        if len(self.vertices) < 3:
            raise ValueError(f"a polygon has at least three vertices, got {len(self.vertices)}")
        if self.edges and len(self.edges) != len(self.vertices):
            raise ValueError(
                f"the polygon has {len(self.vertices)} edges, got {len(self.edges)} names of edges"
            )
        _check_simple(self._starts)

    @cached_property
    def bounds(self) -> Bounds:  # type: ignore[override]
        low, high = self._starts.amin(0).tolist(), self._starts.amax(0).tolist()
        return tuple(zip(low, high))

    @cached_property
    def parts(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(dict.fromkeys(self.edges)) or (self.name,)

    @cached_property
    def _starts(self) -> Float[Tensor, "edges 2"]:
        """Where edges begin, anticlockwise."""
        return torch.tensor(self.vertices, dtype=torch.float64)

    @cached_property
    def _along(self) -> Float[Tensor, "edges 2"]:
        """Edges as vectors from their starts."""
        return self._starts.roll(-1, 0) - self._starts

    @cached_property
    def _lengths(self) -> Float[Tensor, "edges"]:
        return torch.linalg.vector_norm(self._along, dim=-1)

    @cached_property
    def _turn(self) -> float:
        """Twice the area, negative where the vertices run clockwise."""
        return float(_cross(self._starts, self._starts.roll(-1, 0)).sum())

    @cached_property
    def _outward(self) -> Float[Tensor, "edges 2"]:
        """Unit normals of the edges."""
        x, y = self._along.unbind(-1)
        sign = math.copysign(1.0, self._turn)
        return sign * torch.stack([y, -x], dim=-1) / self._lengths[:, None]

    def _numbers(self, part: str) -> list[int]:
        """The edges that a part consists of."""
        names = self.edges or (self.name,) * len(self.vertices)
        return [i for i, name in enumerate(names) if name == part]

    @property
    def measure(self) -> float:
        return abs(self._turn) / 2

    def measure_of(self, part: str) -> float:
        self._require(part=part)
        return float(self._lengths[self._numbers(part)].sum())

    def signed_distance(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        self._require(points)
        away = points[..., None, :] - self._starts.to(points)
        along = self._along.to(points)
        share = (away * along).sum(-1) / (along**2).sum(-1)
        gaps = away - share.clamp(0, 1)[..., None] * along
        nearest = torch.linalg.vector_norm(gaps, dim=-1).amin(-1)
        return torch.where(self._encloses(points), -nearest, nearest)

    def _encloses(self, points: Tensor) -> Bool[Tensor, "*n"]:
        """Whether a ray to the right crosses an odd number of edges."""
        x, y = points[..., None, 0], points[..., None, 1]
        starts, along = self._starts.to(points), self._along.to(points)
        ends = starts.roll(-1, 0)
        spans = (starts[:, 1] > y) != (ends[:, 1] > y)
        rise = torch.where(along[:, 1] == 0, 1.0, along[:, 1])
        right = x < starts[:, 0] + (y - starts[:, 1]) / rise * along[:, 0]
        return (spans & right).sum(-1) % 2 == 1

    def level(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        """The mean value distance 2/ψ, ψ = Σ (1/rᵢ + 1/rᵢ₊₁) tan(αᵢ/2).

        rᵢ is the distance from vertex i, αᵢ the angle under which edge i is seen.
        """
        self._require(points)
        to = self._starts.to(points) - points[..., None, :]
        r = torch.linalg.vector_norm(to, dim=-1)
        following, r_next = to.roll(-1, -2), r.roll(-1, -1)
        sine = math.copysign(1.0, self._turn) * _cross(to, following)
        cosine = (to * following).sum(-1)
        # On an edge the angle is π and ψ infinite: the sum is left out and the level set to zero.
        on = ((sine == 0) & (cosine <= 0)).any(-1)
        ahead = (cosine > 0) | (sine == 0)
        below = torch.where(ahead, r * r_next + cosine, sine)
        tangent = torch.where(ahead, sine, r * r_next - cosine) / torch.where(below == 0, 1, below)
        inverse = (r + r_next) / torch.where(r * r_next == 0, 1, r * r_next)
        total = (inverse * tangent).sum(-1)
        return torch.where(on, 0.0, 2 / torch.where(on, 1.0, total))

    def distance_everywhere(
        self, points: Float[Tensor, "*n dim"], part: str, *, outside: bool = False
    ) -> Float[Tensor, "*n"]:
        self._require(points, part)
        sign = 1 if outside else -1
        cut = []
        for i in self._numbers(part):
            normal, length = self._outward[i].to(points), float(self._lengths[i])
            from_middle = points - (self._starts[i] + self._along[i] / 2).to(points)
            depth = sign * (from_middle * normal).sum(-1)
            # The disk whose diameter is the edge tells the edge from the rest of its line.
            within = (length**2 / 4 - (from_middle**2).sum(-1)) / length
            cut.append(trimmed(depth, within, length))
        return joined(torch.stack(cut, dim=-1))

    def boundary(
        self, n: int, *, part: str, generator: torch.Generator, method: Method = "sobol"
    ) -> Boundary:
        self._require(part=part)
        edges = torch.tensor(self._numbers(part))
        ends = self._lengths[edges].cumsum(0)
        at = fill_cube(n, 1, generator=generator, method=method)[:, 0] * ends[-1]
        which = torch.searchsorted(ends[:-1], at)
        chosen = edges[which]
        share = 1 - (ends[which] - at) / self._lengths[chosen]
        points = self._starts[chosen] + share[:, None] * self._along[chosen]
        return Boundary(points, self._outward[chosen])


def _cross(a: Float[Tensor, "*n 2"], b: Float[Tensor, "*n 2"]) -> Float[Tensor, "*n"]:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _check_simple(starts: Float[Tensor, "edges 2"]) -> None:
    """Refuses chains that cross or touch themselves."""
    ends = starts.roll(-1, 0)
    n = len(starts)
    repeated = (starts == ends).all(-1).nonzero()
    if len(repeated):
        raise ValueError(f"vertex {repeated[0].item()} of the polygon is given twice in a row")
    # Rows are edges, columns vertices: on which side of the edge is the vertex, and is it between?
    to_vertex = starts[None] - starts[:, None]
    side = _cross((ends - starts)[:, None], to_vertex)
    between = (to_vertex * (starts[None] - ends[:, None])).sum(-1) <= 0
    index = torch.arange(n)
    own = (index == index[:, None]) | (index == (index[:, None] + 1) % n)
    touching = (side == 0) & between & ~own
    parted = side * side.roll(-1, 1) < 0
    wrong = (touching | parted & parted.T).nonzero()
    if len(wrong):
        i, j = wrong[0].tolist()
        raise ValueError(
            f"edges {i} and {j} of the polygon cross or touch: give the vertices in order along "
            "the boundary, and holes by a difference of regions"
        )
