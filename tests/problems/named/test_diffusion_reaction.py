"""FitzHugh-Nagumo against an ordinary differential equation, and against its own statement."""

import torch

from fredholm.fields import Field
from fredholm.problems import build


def test_even_states_follow_the_ordinary_equation():
    """Without gradients u' = u - u³ - k - v, v' = u - v: compared with a plain Runge-Kutta."""
    problem = build("diffusion_reaction", dim=1, horizon=1.0)
    start = torch.tensor([[0.5, -0.2], [-1.0, 0.4]], dtype=torch.float64)
    inputs = Field(start[:, None].repeat(1, 16, 1), problem.grid(16))
    found = problem.solve(inputs, tol=1e-8).field.values

    def slope(s: torch.Tensor) -> torch.Tensor:
        u, v = s.unbind(-1)
        return torch.stack([u - u**3 - 5e-3 - v, u - v], dim=-1)

    state, h = start, 1 / 400
    for _ in range(400):
        a = slope(state)
        b = slope(state + h / 2 * a)
        c = slope(state + h / 2 * b)
        d = slope(state + h * c)
        state = state + h / 6 * (a + 2 * b + 2 * c + d)
    assert (found - state[:, None]).abs().max() < 1e-7


def test_small_waves_decay_at_their_own_rates():
    """A small wave of v alone, far from u: v decays as exp(-(1 + b κ²) t) to first order."""
    problem = build("diffusion_reaction", dim=1, horizon=0.01, rate=0.0, inhibitor=0.05)
    grid = problem.grid(32)
    x = grid.points()[:, 0]
    wave = 1e-4 * torch.sin(torch.pi * 6 * x)
    inputs = Field(torch.stack([0 * wave, wave], dim=-1)[None], grid)
    found = problem.solve(inputs, tol=1e-8).field.values[0, :, 1]
    rate = 1 + 0.05 * (6 * torch.pi) ** 2
    expected = wave * torch.exp(torch.tensor(-0.01 * rate, dtype=torch.float64))
    # u has become -t v by then, and feeds v back at second order in t.
    assert (found - expected).abs().max() < 1e-4 * wave.abs().max()
