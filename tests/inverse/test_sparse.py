"""Choice of columns and standard errors, on regressions with known answers."""

import pytest
import torch

from fredholm.inverse.sparse import (
    Rows,
    above_threshold,
    choose_columns,
    eliminate,
    least_squares,
    standard_errors,
)

TRUTH = torch.tensor([0.0, 2.0, 0.0, -0.5, 0.0, 0.0], dtype=torch.float64)
KEPT = TRUTH != 0


def rows(seed, noise=0.0, n=240, per_block=1):
    """A regression whose errors are shared by the rows of a block."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    blocks = n // per_block
    columns = normal(blocks, len(TRUTH)).repeat_interleave(per_block, 0) + 0.1 * normal(n, 6)
    errors = noise * normal(blocks).repeat_interleave(per_block)
    return Rows(columns, columns @ TRUTH + errors, torch.arange(n) // per_block)


def indices(kept):
    return kept.nonzero().flatten().tolist()


def test_the_columns_are_found_and_fitted():
    kept = above_threshold(rows(0), 0.05)
    assert indices(kept) == [1, 3]
    assert torch.allclose(least_squares(rows(0), kept), TRUTH, atol=1e-12)
    # A threshold above the share of the small column takes it away, a huge one both.
    assert indices(above_threshold(rows(0), 0.5)) == [1]
    assert indices(above_threshold(rows(0), 2.0)) == []


def test_units_do_not_matter():
    plain = rows(1, noise=0.1)
    units = torch.tensor([1e-6, 1e4, 1.0, 1e-3, 1e6, 1.0], dtype=torch.float64)
    scaled = Rows(plain.columns * units, 1e5 * plain.left, plain.block)
    for mine, other in zip(eliminate(plain), eliminate(scaled), strict=True):
        assert torch.equal(mine.kept, other.kept)
        assert mine.weakest == pytest.approx(other.weakest, rel=1e-6)
        factors = 1e5 * least_squares(plain, mine.kept) / units
        assert torch.allclose(least_squares(scaled, mine.kept), factors, rtol=1e-9)


def test_shares_are_measured_beside_the_other_columns():
    # Two columns that nearly agree fit noise with large factors of opposite sign. Their size does
    # not save them: alone they explain little.
    plain = rows(2, noise=0.05)
    noise = torch.randn(240, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    mimic = plain.columns[:, :1] + 1e-4 * noise[:, None]
    both = Rows(torch.cat([plain.columns, mimic], dim=1), plain.left, plain.block)
    full = least_squares(both, torch.ones(7, dtype=torch.bool))
    assert float(full[0].abs()) > 2 and both.condition() > 1e3
    assert indices(above_threshold(both, 0.05)) == [1, 3]
    equal = Rows(torch.cat([plain.columns, plain.columns[:, 1:2]], 1), plain.left, plain.block)
    assert len(indices(above_threshold(equal, 0.05))) == 2 and equal.condition() > 1e12


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.5])
def test_held_out_rows_choose_the_number(noise):
    chosen = [choose_columns(rows(seed, noise), rows(seed + 100, noise)) for seed in range(20)]
    assert sum(indices(kept) == [1, 3] for kept in chosen) >= 19
    # Where the small column drowns in noise, it is not claimed.
    drowned = [choose_columns(rows(seed, 20.0), rows(seed + 100, 20.0)) for seed in range(20)]
    assert sum(len(indices(kept)) for kept in drowned) < 20


@pytest.mark.parametrize("per_block", [1, 8])
def test_standard_errors_are_those_of_repeated_experiments(per_block):
    found = [rows(seed, 0.3, per_block=per_block) for seed in range(200)]
    factors = torch.stack([least_squares(each, KEPT) for each in found])
    errors = torch.stack([standard_errors(r, f) for r, f in zip(found, factors)])
    ratio = (errors.square().mean(0).sqrt() / factors.std(0))[KEPT]
    assert torch.allclose(ratio, torch.ones(2).double(), atol=0.2)
    # Rows taken for independent promise too much where they share their errors.
    alone = [Rows(r.columns, r.left, torch.arange(len(r.left))) for r in found]
    naive = torch.stack([standard_errors(r, f) for r, f in zip(alone, factors)])
    too_small = float(naive.square().mean(0).sqrt()[1] / factors.std(0)[1]) < 0.6
    assert too_small == (per_block > 1)
    assert (errors[:, ~KEPT] == 0).all()
