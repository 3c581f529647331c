"""A statement as a least-squares system: the residuals of a trial function at points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calculus import Pointwise
from fredholm.calculus.plan import Method as Derivatives
from fredholm.collocation.observations import Observations
from fredholm.collocation.points import Places, Points
from fredholm.collocation.terms import GAUGE, INITIAL, INTERIOR, Term, terms_of
from fredholm.collocation.trial import Trial
from fredholm.collocation.weighting import Constant, Weighting
from fredholm.domains.geometry import Method
from fredholm.equations import Expression


@dataclass(frozen=True)
class Sampling:
    """How many points, where, and when they are chosen anew.

    Args:
        interior: Points of the interior.
        boundary: Points on the boundary, shared by its parts in proportion to their sizes; by
            default a fifth of the interior's.
        start: Points of the initial time, likewise.
        method: How they are spread.
        adaptive: Choose those of the interior where residuals are large: with a probability
            proportional to |r|ᵏ / mean |r|ᵏ + c (RAD). Otherwise they are spread evenly.
        power, floor: k and c.
        pool: Candidates per point that is chosen.

    Reference:
        Wu et al., CMAME 2023, arXiv:2207.10289, equation 7.
    """

    interior: int = 2000
    boundary: int | None = None
    start: int | None = None
    method: Method = "sobol"
    adaptive: bool = True
    power: float = 1.0
    floor: float = 1.0
    pool: int = 10

    def __post_init__(self) -> None:
        counts = (self.interior, self.boundary or 1, self.start or 1, self.pool)
        if min(counts) < 1 or self.power < 0 or self.floor < 0:
            raise ValueError(f"Sampling needs positive numbers of points and powers, got {self}")


class Collocation:
    """The residuals of a trial function: the `System` that optimisers minimise.

    The loss is Σₖ wₖ mean rₖ² over the named terms of the statement, without those that hold
    exactly for any weights, and of the observations.

    Args:
        trial: Candidate solution.
        sampling: The points.
        weighting: How terms and points are weighed.
        observations: Values that the solution should have, by name.
        derivatives: How the networks are differentiated; by default as is cheapest.
        directions: Of an estimate of a Laplacian.
        generator: Source of the points and the directions.
    """

    def __init__(
        self,
        trial: Trial,
        sampling: Sampling | None = None,
        *,
        weighting: Weighting | None = None,
        observations: Mapping[str, Observations] | None = None,
        derivatives: Derivatives = "auto",
        directions: int = 16,
        generator: torch.Generator | None = None,
    ) -> None:
        self.trial, self.sampling = trial, sampling or Sampling()
        self.derivatives: Derivatives = derivatives
        self.directions = directions
        self.weighing = (weighting or Constant()).start(trial.problem)
        self.generator = generator or torch.Generator().manual_seed(0)
        self.places = Places(trial.problem, self.sampling.method)
        self.terms = [t for t in terms_of(trial.problem) if t.name not in trial.ansatz.exact]
        self.observations = dict(observations or {})
        self._programs = {
            place: (terms, self._program(terms)) for place, terms in _by_place(self.terms).items()
        }
        for name, seen in self.observations.items():
            self._add_observations(name, seen)
        self.points: dict[str, Points] = {}
        self._spread()
        self._weigh()

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        return [p for p in self.trial.parameters() if p.requires_grad]

    @property
    def names(self) -> list[str]:
        """Names of all terms of the loss."""
        return [term.name for terms, _ in self._programs.values() for term in terms]

    @property
    def plan(self) -> str:
        """How the derivatives in the interior are taken, in words."""
        return str(self._programs[INTERIOR][1].plan)

    def residuals(self) -> dict[str, Float[Tensor, "n"]]:
        """The residuals of all terms, scaled so that the loss is their sum of squares."""
        found = {}
        for name, (values, points) in self._raw(self.points).items():
            weights = self.weighing.of_points(name, points)
            scale = (self.weighing.term(name) / len(values)) ** 0.5
            found[name] = values * scale if weights is None else values * scale * weights.sqrt()
        return found

    def misfits(self, points: Mapping[str, Points]) -> dict[str, Float[Tensor, "n"]]:
        """The unweighted residuals at other points, by term, without a graph."""
        with torch.no_grad():
            like = self.parameters[0]
            placed = {place: at.to(like) for place, at in points.items()}
            return {name: values for name, (values, _) in self._raw(placed).items()}

    def loss_at(self, points: Mapping[str, Points]) -> float:
        """The loss at other points, with the present weights of the terms."""
        found = self.misfits(points).items()
        return sum(self.weighing.term(k) * r.square().mean().item() for k, r in found)

    def refresh(self) -> None:
        """New points, chosen by the present residuals, and new weights."""
        self._spread()
        self._weigh()

    def _weigh(self) -> None:
        if not self.weighing.adapts:
            return
        raw = self._raw(self.points)
        values = {name: residual for name, (residual, _) in raw.items()}
        points = {name: at for name, (_, at) in raw.items()}
        self.weighing.update(values, points, self.parameters)

    def draw(self, generator: torch.Generator, factor: float = 1.0) -> dict[str, Points]:
        """Evenly spread points of all places that have terms.

        Args:
            generator: Their source.
            factor: How many, relative to those of the training.
        """
        return {
            place: self.places.draw(place, max(1, round(factor * count)), generator=generator)
            for place, count in self._counts().items()
        }

    def state_dict(self) -> dict[str, Any]:
        points = {place: (at.points, at.normals) for place, at in self.points.items()}
        return {"points": points, "weighing": self.weighing.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.points = {place: Points(*at) for place, at in state["points"].items()}
        self.weighing.load_state_dict(state["weighing"])

    def program(self, expressions: Sequence[Expression]) -> Pointwise:
        """Substituted expressions ready to be evaluated."""
        # Estimated only if that is asked for: optimisers of second order do not bear the noise.
        estimated = self.derivatives == "stochastic"
        return Pointwise(
            expressions,
            self.trial.coords,
            derivatives=self.derivatives,
            samples=self.directions,
            generator=self.generator if estimated else None,
        )

    def _program(self, terms: Sequence[Term]) -> Pointwise:
        return self.program([self.trial.substituted(term.equation.residual) for term in terms])

    def _add_observations(self, name: str, seen: Observations) -> None:
        seen.check(self.trial.problem)
        if name in self._programs or name in self.names:
            raise ValueError(f"observations are called {name!r}, as is a term of the statement")
        terms = [Term(name if i == 0 else f"{name} {i}", name, e) for i, e in seen.equations()]
        self._programs[name] = (terms, self._program(terms))

    def _raw(
        self, points: Mapping[str, Points]
    ) -> dict[str, tuple[Float[Tensor, "n"], Float[Tensor, "n d"]]]:
        """By term the residuals and where they were taken."""
        values = self.trial.values()
        found = {}
        for place, (terms, program) in self._programs.items():
            at, known = points.get(place), values
            if place in self.observations:
                seen = self.observations[place]
                at = at or Points(seen.points).to(self.parameters[0])
                known = values | seen.values(self.parameters[0])
            if at is None:
                continue
            results = program(known, at.points, normals=at.normals)
            found |= {t.name: (r, at.points) for t, r in zip(terms, results)}
        return found

    def _counts(self) -> dict[str, int]:
        """Points per place."""
        some = self.sampling.interior // 5 or 1
        sizes = {part: self.places.region.measure_of(part) for part in self._parts()}
        total = sum(sizes.values()) or 1.0
        counts = {}
        for place in self._programs:
            if place == INTERIOR:
                counts[place] = self.sampling.interior
            elif place == INITIAL:
                counts[place] = self.sampling.start or some
            elif place in sizes:
                share = (self.sampling.boundary or some) * sizes[place] / total
                counts[place] = max(1, round(share))
            elif place.startswith(GAUGE):
                counts[place] = min(some, 64)
        return counts

    def _parts(self) -> list[str]:
        return [place for place in self._programs if place in self.trial.problem.conditions]

    def _spread(self) -> None:
        """Draws the points of all places; those of the interior where residuals are large."""
        like = self.parameters[0]
        first = not self.points
        drawn = self.draw(self.generator)
        if INTERIOR in drawn and self.sampling.adaptive and not first:
            drawn[INTERIOR] = self._chosen(drawn[INTERIOR])
        self.points = {place: at.to(like) for place, at in drawn.items()}

    def _chosen(self, even: Points) -> Points:
        """Points of the interior, drawn from a pool by their residuals (RAD)."""
        count = len(even)
        pool = self.places.draw(INTERIOR, count * self.sampling.pool, generator=self.generator).to(
            self.parameters[0]
        )
        with torch.no_grad():
            terms, program = self._programs[INTERIOR]
            found = torch.cat(
                [
                    torch.stack(program(self.trial.values(), part))
                    for part in pool.points.split(max(count, 1024))
                ],
                dim=1,
            )
        # Terms count alike, whatever their units are.
        scale = found.abs().mean(1, keepdim=True).clamp(min=1e-300)
        size = (found / scale).square().sum(0).sqrt() ** self.sampling.power
        odds = size / size.mean().clamp(min=1e-300) + self.sampling.floor
        rows = torch.multinomial(odds.double().cpu(), count, generator=self.generator)
        return pool[rows.to(pool.points.device)]


def _by_place(terms: Sequence[Term]) -> dict[str, list[Term]]:
    places: dict[str, list[Term]] = {}
    for term in terms:
        places.setdefault(term.place, []).append(term)
    return places
