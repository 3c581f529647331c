"""Jacobians of least-squares systems, one row per residual."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.training.capture import Capture, Factors, MixedSamples, factors
from fredholm.training.least_squares import System, flat, total

_CHUNK = 32
"""Rows that are differentiated together; more need more memory and gain nothing on a CPU."""
_COLUMNS = 128
"""Columns of JᵀJ that are computed at once: three tenths faster than all, for 921 of them."""
DENSE = 30_000_000
"""Entries of a Jacobian that is kept as a matrix (240 MB in double precision)."""


class Linearisation:
    """Residuals and Jacobians of a system.

    Where residual i of each term depends on sample i alone, and on the parameters through linear
    maps of activations (*rows, samples, features), the Jacobian takes one backward pass per term.
    Parameters that act otherwise are differentiated one by one, or row by row if that is less. On
    the first call the result is compared with plain autograd along a random direction; a system
    that mixes samples is differentiated row by row from then on, with a warning.

    Args:
        system: What is linearised.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.parameters = list(system.parameters)
        self.note = ""
        self._per_sample = True

    def __call__(self) -> tuple[Float[Tensor, "n"], "Jacobian"]:
        """The residuals of all terms behind one another, and their Jacobian.

        Raises:
            DivergedError: A residual is not finite.
        """
        if not self._per_sample:
            return self._row_by_row()
        try:
            values, jacobian = self._captured()
            if self.note or self._agrees(values, jacobian):
                self.note = self.note or "Jacobian from one backward pass per term"
                return values, jacobian
            reason = "its residuals depend on more than their own samples"
        except MixedSamples as error:
            reason = str(error)
        self._per_sample = False
        self.note = f"Jacobian row by row: {reason}"
        warnings.warn(
            f"the Jacobian of this system is computed row by row, which is slow ({reason}); "
            "LBFGS needs no Jacobian",
            stacklevel=2,
        )
        return self._row_by_row()

    def _captured(self) -> tuple[Tensor, "Jacobian"]:
        capture = Capture()
        try:
            with capture:
                residuals = self.system.residuals()
            capture.finish()
            total(residuals)
            blocks = [_block(capture, each, self.parameters) for each in residuals.values()]
        finally:
            capture.release()
        values = torch.cat([each.detach() for each in residuals.values()])
        return values, Jacobian(blocks, [p.shape for p in self.parameters], values)

    def _row_by_row(self) -> tuple[Tensor, "Jacobian"]:
        residuals = self.system.residuals()
        total(residuals)
        values = torch.cat(list(residuals.values()))
        columns = dict(enumerate(rowwise(values, self.parameters)))
        block = Block(len(values), {}, columns)
        return values.detach(), Jacobian([block], [p.shape for p in self.parameters], values)

    def _agrees(self, values: Tensor, jacobian: "Jacobian") -> bool:
        """Whether vᵀJ is what autograd says, for a random v: a sum would hide mixed samples."""
        source = torch.Generator().manual_seed(0)
        direction = torch.randn(len(values), generator=source).to(values)
        again = torch.cat(list(self.system.residuals().values()))
        parts = torch.autograd.grad(again, self.parameters, direction, materialize_grads=True)
        truth, found = flat(parts), jacobian.transposed(direction)
        # Rounding grows with each derivative; mixed samples differ by far more than this.
        tolerance = torch.finfo(values.dtype).eps ** 0.4
        return bool((truth - found).norm() <= tolerance * truth.norm())


@dataclass(frozen=True, eq=False)
class Block:
    """The rows of one term.

    Args:
        size: How many.
        products: By parameter, outer products that make the rows.
        columns: By parameter, the entries themselves (n, numel); they add to the products.
    """

    size: int
    products: dict[int, list[Factors]] = field(default_factory=dict)
    columns: dict[int, Float[Tensor, "n k"]] = field(default_factory=dict)


class Jacobian:
    """∂r/∂θ (n, p), as a matrix where that is small, as outer products where it is not.

    Args:
        blocks: Its rows, term by term.
        shapes: Those of the parameters, in their order.
        like: A tensor of the dtype and on the device of the entries.
    """

    def __init__(self, blocks: Sequence[Block], shapes: Sequence[torch.Size], like: Tensor) -> None:
        self.blocks, self.shapes, self.like = blocks, shapes, like.detach()
        self.shape = (sum(b.size for b in blocks), sum(s.numel() for s in shapes))
        self._dense: Tensor | None = None

    def matrix(self) -> Float[Tensor, "n p"]:
        """All entries."""
        if self._dense is None:
            self._dense = torch.cat([self._entries(b, slice(None)) for b in self.blocks])
        return self._dense

    def gram(self) -> Float[Tensor, "p p"]:
        """JᵀJ in its lower triangle, which is all that a Cholesky factorisation reads."""
        if self.is_small:
            return _lower(self.matrix())
        result, height = self.like.new_zeros(self.shape[1], self.shape[1]), DENSE // self.shape[1]
        for block in self.blocks:
            for start in range(0, block.size, max(height, 1)):
                result += _lower(self._entries(block, slice(start, start + max(height, 1))))
        return result

    @property
    def is_small(self) -> bool:
        """Whether it is kept as a matrix."""
        return self.shape[0] * self.shape[1] <= DENSE

    def transposed(self, v: Float[Tensor, "n"]) -> Float[Tensor, "p"]:
        """Jᵀv."""
        if self.is_small:
            return self.matrix().mT @ v
        result = [self.like.new_zeros(shape) for shape in self.shapes]
        for part, block in zip(v.split([b.size for b in self.blocks]), self.blocks):
            for number, pieces in block.products.items():
                for each in pieces:
                    weighed = each.left * part.unsqueeze(-1)
                    result[number] += torch.einsum("rno,rni->oi", weighed, each.right)
            for number, columns in block.columns.items():
                result[number] += (columns.mT @ part).view_as(result[number])
        return flat(result)

    def times(self, w: Float[Tensor, "p"]) -> Float[Tensor, "n"]:
        """Jw."""
        if self.is_small:
            return self.matrix() @ w
        pieces = w.split([s.numel() for s in self.shapes])
        return torch.cat([self._rows_times(block, pieces) for block in self.blocks])

    def kernel(self) -> Float[Tensor, "n n"]:
        """JJᵀ, the tangent kernel of the residuals."""
        if self.is_small:
            return self.matrix() @ self.matrix().mT
        rows = [torch.cat([self._kernel_of(a, b) for b in self.blocks], dim=1) for a in self.blocks]
        return torch.cat(rows)

    def _entries(self, block: Block, rows: slice) -> Tensor:
        """Some rows of a block."""
        height = len(range(*rows.indices(block.size)))
        result = self.like.new_zeros(height, self.shape[1])
        for number, piece in enumerate(result.split([s.numel() for s in self.shapes], 1)):
            for each in block.products.get(number, ()):
                piece += each.matrices(rows).flatten(1)
            if number in block.columns:
                piece += block.columns[number][rows]
        return result

    def _rows_times(self, block: Block, pieces: Sequence[Tensor]) -> Tensor:
        result = self.like.new_zeros(block.size)
        for number, found in block.products.items():
            weight = pieces[number].view(self.shapes[number])
            for each in found:
                result += (each.right @ weight.mT * each.left).sum((0, 2))
        for number, columns in block.columns.items():
            result += columns @ pieces[number]
        return result

    def _kernel_of(self, a: Block, b: Block) -> Tensor:
        result = self.like.new_zeros(a.size, b.size)
        for number in a.products.keys() & b.products.keys():
            for one in a.products[number]:
                for other in b.products[number]:
                    for i, j in torch.cartesian_prod(
                        torch.arange(len(one.left)), torch.arange(len(other.left))
                    ).tolist():
                        outer = one.left[i] @ other.left[j].mT
                        result += outer * (one.right[i] @ other.right[j].mT)
        for number in a.columns.keys() & b.columns.keys():
            result += a.columns[number] @ b.columns[number].mT
        return result


def _lower(matrix: Float[Tensor, "n p"]) -> Float[Tensor, "p p"]:
    """The lower triangle of JᵀJ, block by block: little more than half of it is computed."""
    result = matrix.new_zeros(matrix.shape[1], matrix.shape[1])
    for start in range(0, matrix.shape[1], _COLUMNS):
        end = start + _COLUMNS
        result[start:end, :end] = matrix[:, start:end].mT @ matrix[:, :end]
    return result


def rowwise(
    residuals: Float[Tensor, "n"], parameters: Sequence[Tensor]
) -> list[Float[Tensor, "n k"]]:
    """The Jacobian by one backward pass for each residual: always right, and slow.

    Args:
        residuals: What is differentiated, with its graph.
        parameters: With respect to what.

    Returns:
        The columns of each parameter.
    """
    pieces = []
    for chosen in torch.eye(len(residuals)).to(residuals).split(_CHUNK):
        parts = torch.autograd.grad(
            residuals,
            parameters,
            chosen,
            is_grads_batched=True,
            retain_graph=True,
            allow_unused=True,
        )
        pieces.append(
            [
                residuals.new_zeros(len(chosen), p.numel())
                if part is None
                else part.reshape(len(chosen), -1)
                for part, p in zip(parts, parameters)
            ]
        )
    return [torch.cat(columns).detach() for columns in zip(*pieces)]


def columnwise(
    residuals: Float[Tensor, "n"], parameters: Sequence[Tensor]
) -> list[Float[Tensor, "n k"]]:
    """The Jacobian by one pass for each parameter: v ↦ Jᵀv is linear, its transpose is J."""
    direction = torch.ones_like(residuals, requires_grad=True)
    slopes = torch.autograd.grad(residuals, parameters, direction, create_graph=True)
    found = []
    for slope in slopes:
        pieces = [
            torch.autograd.grad(
                slope.flatten(), direction, chosen, is_grads_batched=True, retain_graph=True
            )[0]
            for chosen in torch.eye(slope.numel()).to(slope).split(_CHUNK)
        ]
        found.append(torch.cat(pieces).mT.detach())
    return found


def _block(
    capture: Capture, residuals: Float[Tensor, "n"], parameters: Sequence[nn.Parameter]
) -> Block:
    """The rows of one term, from what was captured and what was not."""
    place = {id(parameter): number for number, parameter in enumerate(parameters)}
    block = Block(len(residuals))
    weights, biases = factors(capture, residuals)
    computed: list[tuple[Tensor, Tensor]] = []
    for weight, pair in weights:
        if id(weight) in place:
            block.products.setdefault(place[id(weight)], []).append(pair)
        else:
            computed.append((weight, pair.matrices()))
    for bias, gradients in biases:
        if id(bias) in place:
            _add(block, place[id(bias)], gradients)
        else:
            computed.append((bias, gradients.view(-1, *bias.shape)))
    for tensor, gradients in computed:
        _through(tensor, gradients, parameters, block)
    _uncaptured(residuals, parameters, block)
    return block


def _through(
    tensor: Tensor, gradients: Tensor, parameters: Sequence[nn.Parameter], block: Block
) -> None:
    """The chain rule for a weight that is computed from parameters, such as a factorised one."""
    parts = torch.autograd.grad(
        tensor, parameters, gradients, is_grads_batched=True, retain_graph=True, allow_unused=True
    )
    for number, part in enumerate(parts):
        if part is not None:
            _add(block, number, part.reshape(len(part), -1))


def _uncaptured(residuals: Tensor, parameters: Sequence[nn.Parameter], block: Block) -> None:
    """What the residuals depend on in other ways than through captured products."""
    if not residuals.requires_grad:
        return
    reached = torch.autograd.grad(residuals.sum(), parameters, retain_graph=True, allow_unused=True)
    left = [number for number, part in enumerate(reached) if part is not None]
    if not left:
        return
    chosen = [parameters[number] for number in left]
    fewer = sum(p.numel() for p in chosen) <= len(residuals)
    for number, part in zip(left, (columnwise if fewer else rowwise)(residuals, chosen)):
        _add(block, number, part)


def _add(block: Block, number: int, columns: Tensor) -> None:
    known = block.columns.get(number)
    block.columns[number] = columns if known is None else known + columns
