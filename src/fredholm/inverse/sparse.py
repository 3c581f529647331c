"""Sparse regression: which few columns explain a vector, and how certain their factors are."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

_NOTHING = 1e-4
"""A share of the left side that is too small to be claimed."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Equations left = columns · factors, one per window.

    Args:
        columns: The candidates.
        left: What they should explain.
        block: The block that each row belongs to; errors of different blocks are independent.

    Shapes:
        columns (n, k), left (n,), block (n,).
    """

    columns: Float[Tensor, "n k"]
    left: Float[Tensor, "n"]
    block: Int[Tensor, "n"]

    def chosen(self, rows: Bool[Tensor, "n"]) -> "Rows":
        """Some of the rows."""
        return Rows(self.columns[rows], self.left[rows], self.block[rows])

    def misfit(self, factors: Float[Tensor, "k"]) -> Float[Tensor, "n"]:
        """left - columns · factors."""
        return self.left - self.columns @ factors

    def condition(self) -> float:
        """Largest over smallest singular value of the columns, scaled to one length."""
        scaled = self.columns / self.columns.norm(dim=0).clamp(min=1e-300)
        singular = torch.linalg.svdvals(scaled)
        return float(singular[0] / singular[-1].clamp(min=1e-300))

    def residual(self, factors: Float[Tensor, "k"]) -> float:
        """‖left - columns · factors‖ / ‖left‖."""
        return float(self.misfit(factors).norm() / self.left.norm().clamp(min=1e-300))


def least_squares(rows: Rows, kept: Bool[Tensor, "k"]) -> Float[Tensor, "k"]:
    """Factors of the columns that are kept, zero for the others."""
    factors = torch.zeros_like(rows.columns[0])
    if bool(kept.any()):
        scale = rows.columns[:, kept].norm(dim=0).clamp(min=1e-300)
        scaled = rows.columns[:, kept] / scale
        # The driver that bears columns which depend on each other.
        parts = torch.linalg.lstsq(scaled, rows.left[:, None], driver="gelsd").solution[:, 0]
        factors[kept] = parts / scale
    return factors


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of an elimination.

    Args:
        kept: The columns that are left.
        weakest: Smallest share of one of them; infinite where none is left.
    """

    kept: Bool[Tensor, "k"]
    weakest: float


def eliminate(rows: Rows) -> list[Stage]:
    """From all columns to none, dropping the one with the smallest share each time.

    The share of a column is what only it explains: ‖factor · (its part that is orthogonal to the
    other columns)‖ / ‖left‖. It does not depend on units, and columns that mimic each other do not
    hide behind large factors that cancel.
    """
    # A few numbers with the same geometry as all rows.
    small = torch.linalg.qr(torch.cat([rows.columns, rows.left[:, None]], dim=1), mode="r").R
    rows = Rows(small[:, :-1], small[:, -1], torch.arange(len(small)))
    kept = torch.ones(rows.columns.shape[1], dtype=torch.bool)
    stages = []
    while bool(kept.any()):
        present = rows.residual(least_squares(rows, kept))
        shares = torch.full(kept.shape, torch.inf, dtype=torch.float64)
        for column in kept.nonzero().flatten().tolist():
            without = rows.residual(least_squares(rows, _without(kept, column)))
            shares[column] = max(0.0, without**2 - present**2) ** 0.5
        stages.append(Stage(kept, float(shares.min())))
        kept = _without(kept, int(shares.argmin()))
    return [*stages, Stage(kept, torch.inf)]


def _without(kept: Bool[Tensor, "k"], column: int) -> Bool[Tensor, "k"]:
    kept = kept.clone()
    kept[column] = False
    return kept


def above_threshold(rows: Rows, threshold: float) -> Bool[Tensor, "k"]:
    """Columns that are left once the share of each is at least the threshold.

    Reference:
        Brunton, Proctor and Kutz, PNAS 113, 2016 (sequentially thresholded least squares; there
        the factors themselves are compared, and all small ones dropped at once).
    """
    return next(stage.kept for stage in eliminate(rows) if stage.weakest >= threshold)


def choose_columns(fit: Rows, held_out: Rows) -> Bool[Tensor, "k"]:
    """The fewest columns that do as well on held-out rows as the best stage of the elimination.

    As well means: the mean squared misfit is larger by one standard error of the best at most, or
    by what a share of 0.0001 explains, so that on exact data rounding is not taken for a term.

    Reference:
        Boninsegna, Nüske and Clementi, J. Chem. Phys. 148, 2018 (elimination with validation);
        Breiman et al., Classification and Regression Trees, 1984, section 3.4.3 (the rule).
    """
    stages = eliminate(fit)
    losses = [_losses(held_out, least_squares(fit, stage.kept)) for stage in stages]
    best = min(losses, key=lambda loss: float(loss.mean()))
    # A single block has no spread; then only an equal loss is as good.
    spread = best.std(correction=min(1, len(best) - 1)) / len(best) ** 0.5
    limit = best.mean() + spread + _NOTHING**2 * held_out.left.square().mean()
    good = [stage.kept for stage, loss in zip(stages, losses) if loss.mean() <= limit]
    return good[-1]


def _losses(rows: Rows, factors: Float[Tensor, "k"]) -> Float[Tensor, "blocks"]:
    """Mean squared misfit of every block."""
    _, block = rows.block.unique(return_inverse=True)
    count = torch.bincount(block)
    return torch.bincount(block, rows.misfit(factors).square()) / count


def standard_errors(rows: Rows, factors: Float[Tensor, "k"]) -> Float[Tensor, "k"]:
    """Standard errors of the factors that are not zero, from the misfits summed over blocks.

    Reference:
        Liang and Zeger, Biometrika 73, 1986 (the covariance for dependent rows).
    """
    kept = factors != 0
    # In units in which the columns have one length: their squares would not fit one matrix.
    scale = rows.columns[:, kept].norm(dim=0).clamp(min=1e-300)
    columns = rows.columns[:, kept] / scale
    _, block = rows.block.unique(return_inverse=True)
    scores = torch.zeros(int(block.max()) + 1, columns.shape[1], dtype=columns.dtype)
    scores.index_add_(0, block, columns * rows.misfit(factors)[:, None])
    spread = torch.linalg.pinv(columns.mT @ columns, hermitian=True) @ scores.mT
    blocks = len(scores)
    errors = torch.zeros_like(factors)
    errors[kept] = spread.square().sum(1).mul(blocks / max(1, blocks - 1)).sqrt() / scale
    return errors
