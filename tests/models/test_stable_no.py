"""StableNO: its filter cannot amplify, its step makes no fine waves; an FNO does."""

import pytest
import torch

from fredholm.domains import Grid
from fredholm.layers import BoundedFilter
from fredholm.models import FNO, StableNO
from fredholm.operators import PassiveBeyond, rollout
from fredholm.testing import band_limited

LINE = Grid((32,), periodic=True)
SQUARE = Grid((16, 12), (1.0, 2.0), periodic=True)


def points_first(u):
    return u.values.movedim(0, -2).contiguous()


@pytest.mark.parametrize("grid", [LINE, SQUARE], ids=["line", "square"])
@pytest.mark.parametrize("dynamic", [False, True], ids=["fixed", "dynamic"])
def test_no_weights_make_the_filter_amplify(grid, dynamic):
    """Adversary: gradient ascent on the gain, from large random weights."""
    torch.manual_seed(0)
    layer = BoundedFilter(2, (6,) * grid.dim, dynamic=dynamic).double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=10.0)
    x = points_first(band_limited(grid, channels=2, n=2, waves=5)).requires_grad_()
    ascent = torch.optim.Adam([*layer.parameters(), x], lr=0.3)
    gains = []
    for _ in range(40):
        gain = layer(x, grid.axes).norm() / x.norm()
        gains.append(gain.item())
        ascent.zero_grad()
        (-gain).backward()
        ascent.step()
    assert 0.5 < max(gains) <= 1 + 1e-12


def test_the_filter_keeps_a_disc():
    layer = BoundedFilter(1, (4, 4)).double().requires_grad_(False)
    grid = Grid((16, 16), periodic=True)
    x, y = grid.points().unbind(-1)
    for k, m, kept in [(3, 0, True), (0, -3, True), (2, 3, True), (3, 3, False), (0, 4, False)]:
        wave = torch.cos(2 * torch.pi * (k * x + m * y))[..., None, None]
        passed = float(layer(wave, grid.axes).norm()) > 1e-10
        assert passed == kept, (k, m)


def test_the_filter_is_the_same_function_on_every_grid():
    torch.manual_seed(0)
    layer = BoundedFilter(1, (6,), dynamic=True).double()
    coarse, fine = (
        layer(points_first(band_limited(LINE.resized(n), waves=5)), LINE.resized(n).axes)
        for n in (16, 64)
    )
    assert torch.allclose(coarse, fine[::4], atol=1e-12)


def test_repeated_steps_leave_the_fine_waves_alone():
    """With weights scaled up until an FNO's step fills the fine end of the spectrum."""
    u, beyond = band_limited(LINE, waves=4), PassiveBeyond(modes=(6,))
    torch.manual_seed(0)
    stable = StableNO(1, 1, (6,), hidden_channels=8, layers=2, coordinates=False).double().eval()
    fno = FNO(1, 1, (6,), hidden_channels=8, layers=2, coordinates=False).double()
    with torch.no_grad():
        for parameter in (*stable.parameters(), *fno.parameters()):
            parameter.mul_(3)
        for operator in (stable, fno):
            assert torch.isfinite(rollout(operator, u, 5).values).all()
        assert beyond.defect(stable, u) < 1e-12
        assert beyond.defect(fno, u) > 1e-2
        last = rollout(stable, u, 50)[0].values[:, -1]
        spectrum = torch.fft.rfft(last[0, :, 0]).abs()
    assert spectrum[6:].max() < 1e-12 * spectrum.max()


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="at least one mode"):
        BoundedFilter(3, (0,))
    with pytest.raises(ValueError, match="2 axes of modes, the input has 1 axes"):
        StableNO(1, 1, (4, 4))(band_limited(LINE))
