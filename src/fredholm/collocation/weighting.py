"""How the terms of a loss, and the points of a term, are weighed against each other."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.problems import Problem

Residuals = Mapping[str, Float[Tensor, "n"]]


class Weighting(ABC):
    """A named scheme that is told how the training stands and answers with weights.

    Terms are known by name, never by position. `update` is called with the first points and with
    those of every refresh, with the unweighted residuals there.
    """

    @abstractmethod
    def start(self, problem: Problem) -> "Weighing":
        """The scheme at work on one training.

        Args:
            problem: What is solved.
        """


class Weighing:
    """Weights as they are now; without a scheme all are one.

    Attributes:
        adapts: Whether it has to be told the residuals, which costs an evaluation of them.
    """

    adapts = True

    def update(
        self,
        residuals: Residuals,
        points: Mapping[str, Float[Tensor, "n d"]],
        parameters: Sequence[nn.Parameter],
    ) -> None:
        """Looks at the residuals of all terms.

        Args:
            residuals: By term, unweighted, with the graph to the parameters.
            points: By term, where they were taken.
            parameters: What is trained.
        """

    def term(self, name: str) -> float:
        """The weight of a term: the factor of its mean square in the loss."""
        return 1.0

    def of_points(self, name: str, points: Float[Tensor, "n d"]) -> Float[Tensor, "n"] | None:
        """Weights of the points of a term; None where they count alike."""
        return None

    @property
    def warning(self) -> str:
        """A sentence on what may have gone wrong with the weights; empty if nothing."""
        return ""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


@dataclass(frozen=True)
class Constant(Weighting):
    """Weights that stay as they are given; terms that are not named have weight one.

    Args:
        weights: By name of the term, or `boundary`, `start`, `data` for all terms of that kind.
    """

    weights: Mapping[str, float] = field(default_factory=dict)

    def start(self, problem: Problem) -> Weighing:
        return _Constant(self.weights)


class _Constant(Weighing):
    adapts = False

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.weights = dict(weights)

    def term(self, name: str) -> float:
        if name in self.weights:
            return self.weights[name]
        kind = "start" if name.endswith(" at start") else "boundary" if " on " in name else ""
        return self.weights.get(kind, 1.0)


@dataclass(frozen=True)
class GradientNorm(Weighting):
    """Terms weighted so that the gradients of all have the same length.

    wₖ = Σⱼ |∇Lⱼ| / |∇Lₖ|, averaged over the updates with a momentum.

    Args:
        momentum: How much of the old weight stays at an update.

    Reference:
        Wang, Teng & Perdikaris, SIAM J. Sci. Comput. 2021, arXiv:2001.04536; the form with norms is
        that of Wang et al. 2023, arXiv:2308.08468, equation 4.
    """

    momentum: float = 0.9

    def start(self, problem: Problem) -> Weighing:
        return _Balanced(self.momentum, _gradient_norms)


@dataclass(frozen=True)
class NeuralTangent(Weighting):
    """Terms weighted so that all are learned at the same pace: by the traces of their kernels.

    wₖ = Σⱼ tr Kⱼ / tr Kₖ with tr K the mean square of the gradient of one residual, estimated on
    random combinations of the residuals.

    Args:
        momentum: How much of the old weight stays at an update.
        samples: Random combinations per term.

    Reference:
        Wang, Yu & Perdikaris, J. Comput. Phys. 2022, arXiv:2007.14527, algorithm 1.
    """

    momentum: float = 0.9
    samples: int = 4

    def start(self, problem: Problem) -> Weighing:
        return _Balanced(self.momentum, lambda r, p: _kernel_traces(r, p, self.samples))


class _Balanced(Weighing):
    """Terms weighted by the inverse of something that is measured for each."""

    def __init__(self, momentum: float, measure: Any) -> None:
        self.momentum, self.measure = momentum, measure
        self.weights: dict[str, float] = {}

    def update(
        self,
        residuals: Residuals,
        points: Mapping[str, Float[Tensor, "n d"]],
        parameters: Sequence[nn.Parameter],
    ) -> None:
        sizes = self.measure(residuals, parameters)
        total = sum(sizes.values())
        for name, size in sizes.items():
            # A term that is exactly satisfied has no gradient, and asks for no weight.
            new = total / size if size > 1e-12 * total else 1.0
            old = self.weights.get(name, new)
            self.weights[name] = self.momentum * old + (1 - self.momentum) * new

    def term(self, name: str) -> float:
        return self.weights.get(name, 1.0)

    def state_dict(self) -> dict[str, Any]:
        return {"weights": dict(self.weights)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.weights = dict(state["weights"])


def _gradient_norms(residuals: Residuals, parameters: Sequence[nn.Parameter]) -> dict[str, float]:
    return {
        name: float(_gradient(values.square().mean(), parameters).norm())
        for name, values in residuals.items()
    }


def _kernel_traces(
    residuals: Residuals, parameters: Sequence[nn.Parameter], samples: int
) -> dict[str, float]:
    generator = torch.Generator().manual_seed(0)
    found = {}
    for name, values in residuals.items():
        squares = []
        for _ in range(samples):
            signs = torch.randint(0, 2, (len(values),), generator=generator).to(values) * 2 - 1
            mixed = (signs * values).sum() / len(values) ** 0.5
            squares.append(float(_gradient(mixed, parameters).square().sum()))
        found[name] = sum(squares) / samples
    return found


def _gradient(loss: Tensor, parameters: Sequence[nn.Parameter]) -> Tensor:
    parts = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return torch.cat([part.reshape(-1) for part in parts if part is not None])


@dataclass(frozen=True)
class ResidualAttention(Weighting):
    """Points weighted by the residuals that they have had.

    λᵢ ← γ λᵢ + η |rᵢ| / max |r| with the factor λᵢ in front of the residual. The points of a term
    must stay the same: use it without resampling.

    Args:
        decay: γ.
        rate: η.

    Reference:
        Anagnostopoulos et al., CMAME 2024, arXiv:2307.00379, equation 3.
    """

    decay: float = 0.999
    rate: float = 0.01

    def start(self, problem: Problem) -> Weighing:
        return _Attention(self.decay, self.rate)


class _Attention(Weighing):
    def __init__(self, decay: float, rate: float) -> None:
        self.decay, self.rate = decay, rate
        self.factors: dict[str, Tensor] = {}

    def update(
        self,
        residuals: Residuals,
        points: Mapping[str, Float[Tensor, "n d"]],
        parameters: Sequence[nn.Parameter],
    ) -> None:
        for name, values in residuals.items():
            sizes = values.detach().abs()
            share = sizes / sizes.max().clamp(min=1e-300)
            old = self.factors.get(name)
            if old is None or len(old) != len(share):
                old = torch.full_like(share, self.rate / (1 - self.decay))
            self.factors[name] = self.decay * old + self.rate * share

    def of_points(self, name: str, points: Float[Tensor, "n d"]) -> Float[Tensor, "n"] | None:
        factors = self.factors.get(name)
        if factors is None or len(factors) != len(points):
            return None
        # In units of the largest that they can become, so that the loss keeps its size.
        return (factors * (1 - self.decay) / self.rate).square()

    def state_dict(self) -> dict[str, Any]:
        return {"factors": dict(self.factors)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.factors = dict(state["factors"])
