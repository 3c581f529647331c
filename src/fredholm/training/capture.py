"""Gradients of each sample's residual from one backward pass.

Where residual i depends on sample i alone, the gradient of the *sum* of all residuals with respect
to the outputs y = W a of a linear map holds, row by row, the gradient of each of them; with the
inputs a, ∂rᵢ/∂W = Σ (∂rᵢ/∂yᵢ) ⊗ aᵢ, summed over all places where W is used. Derivatives in the
coordinates make W appear again, in the rows of Taylor jets or, transposed, in backward passes:
those are places like the others.

Reference:
    Goodfellow, Efficient per-example gradient computations, 2015, arXiv:1510.01799.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor
from torch.overrides import TorchFunctionMode

_MATMUL = (torch.matmul, Tensor.matmul, Tensor.__matmul__)


@dataclass(frozen=True, eq=False)
class Product:
    """One use of a weight in a graph.

    Args:
        weight: (out, in), as the caller had it: a parameter or computed from parameters.
        given: What it was applied to (*rows, samples, in), or (*rows, samples, out) where it was
            applied transposed.
        result: What came out, a place in the graph.
        transposed: Whether Wᵀ was applied.
    """

    weight: Tensor
    given: Tensor
    result: Tensor
    transposed: bool


@dataclass(frozen=True, eq=False)
class Shift:
    """One use of a bias: it was added to `result` (*rows, samples, out)."""

    bias: Tensor
    result: Tensor


class Capture(TorchFunctionMode):
    """Records every product of activations with a trained matrix while it is active.

    The matrices and biases themselves are cut out of the graph: what is left in it with respect to
    the parameters is what was not recorded.
    """

    def __init__(self) -> None:
        super().__init__()
        self.products: list[Product] = []
        self.shifts: list[Shift] = []
        self.active = True

    def finish(self) -> None:
        """Records nothing more: later passes through the graph are not part of the function."""
        self.active = False

    def release(self) -> None:
        """Forgets what was recorded.

        The graph refers to this object and it to the graph, a circle that Python does not see
        through: without this, its tensors would never be freed.
        """
        self.products.clear()
        self.shifts.clear()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        other = next((kind for kind in types if not issubclass(kind, Tensor)), None)
        if other is not None:
            # A type with rules of its own, such as a jet: its inner operations are seen again.
            with self:
                return other.__torch_function__(func, types, args, kwargs)
        if torch.is_grad_enabled():
            if func is functional.linear:
                return self._linear(*args, **kwargs)
            if func in _MATMUL and _is_trained_matrix(args[1]):
                return self._linear(args[0], args[1].mT)
        return func(*args, **kwargs)

    def _linear(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        if not _is_trained_matrix(weight) or input.ndim < 2:
            return functional.linear(input, weight, bias)
        result = self.apply(input, weight, weight.detach(), transposed=False)
        if bias is None:
            return result
        if not bias.requires_grad:
            return result + bias
        result = result + bias.detach()
        self.shifts.append(Shift(bias, result))
        return result

    def apply(self, given: Tensor, weight: Tensor, matrix: Tensor, *, transposed: bool) -> Tensor:
        """The product, recorded if this is still the function itself."""
        if not (self.active and torch.is_grad_enabled()):
            return given @ (matrix if transposed else matrix.mT)
        result: Tensor = _Product.apply(given, matrix, self, weight, transposed)  # type: ignore
        if not result.requires_grad:
            result.requires_grad_()
        self.products.append(Product(weight, given.detach(), result, transposed))
        return result


class _Product(torch.autograd.Function):
    """A product with a fixed matrix, the transposed product of its backward pass recorded too."""

    @staticmethod
    def forward(
        ctx: Any, given: Tensor, matrix: Tensor, capture: Capture, weight: Tensor, transposed: bool
    ) -> Tensor:
        ctx.save_for_backward(matrix)
        ctx.capture, ctx.weight, ctx.transposed = capture, weight, transposed
        return given @ (matrix if transposed else matrix.mT)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        [matrix] = ctx.saved_tensors
        back = ctx.capture.apply(gradients[0], ctx.weight, matrix, transposed=not ctx.transposed)
        return back, None, None, None, None


def _is_trained_matrix(weight: Any) -> bool:
    return isinstance(weight, Tensor) and weight.ndim == 2 and weight.requires_grad


class MixedSamples(Exception):
    """A residual does not belong to one row of what the matrices are applied to."""


@dataclass(frozen=True, eq=False)
class Factors:
    """∂rᵢ/∂W = Σ_rows left[row, i] ⊗ right[row, i].

    Args:
        left: (rows, n, out).
        right: (rows, n, in).
    """

    left: Float[Tensor, "rows n out"]
    right: Float[Tensor, "rows n in"]

    def matrices(self, samples: slice = slice(None)) -> Float[Tensor, "n out in"]:
        """The gradients themselves, of all samples or some."""
        left, right = self.left[:, samples], self.right[:, samples]
        return torch.bmm(left.permute(1, 2, 0), right.transpose(0, 1))


def factors(
    capture: Capture, residuals: Float[Tensor, "n"]
) -> tuple[list[tuple[Tensor, Factors]], list[tuple[Tensor, Float[Tensor, "n out"]]]]:
    """The per-sample gradients of one term with respect to all recorded weights and biases.

    Args:
        capture: What was recorded while the residuals were computed.
        residuals: One per sample, with their graph.

    Returns:
        Weights with their factors, and biases with their gradients.

    Raises:
        MixedSamples: The rows of an activation are not the samples.
    """
    places = [use.result for use in (*capture.products, *capture.shifts)]
    if not places or not residuals.requires_grad:
        return [], []
    slopes = torch.autograd.grad(residuals.sum(), places, retain_graph=True, allow_unused=True)
    n, products = len(residuals), len(capture.products)
    pieces: dict[int, tuple[Tensor, list[Tensor], list[Tensor]]] = {}
    for use, slope in zip(capture.products, slopes[:products], strict=True):
        if slope is not None:
            left, right = (use.given, slope) if use.transposed else (slope, use.given)
            _, lefts, rights = pieces.setdefault(id(use.weight), (use.weight, [], []))
            lefts.append(_by_rows(left, n))
            rights.append(_by_rows(right, n))
    biases: dict[int, tuple[Tensor, Tensor]] = {}
    for use, slope in zip(capture.shifts, slopes[products:], strict=True):
        if slope is not None:
            known = biases.get(id(use.bias), (use.bias, torch.zeros(())))[1]
            # A bias of one number may have been spread over several outputs.
            found = _by_rows(slope, n).sum(0)
            biases[id(use.bias)] = (use.bias, found.sum_to_size(n, use.bias.numel()) + known)
    weights = [
        (w, Factors(torch.cat(left), torch.cat(right))) for w, left, right in pieces.values()
    ]
    return weights, [*biases.values()]


def _by_rows(values: Tensor, n: int) -> Float[Tensor, "rows n features"]:
    if values.ndim < 2 or values.shape[-2] != n:
        raise MixedSamples(f"a layer saw {tuple(values.shape)} where there are {n} residuals")
    return values.reshape(-1, *values.shape[-2:])
