"""Denoiser that predicts and then refines its prediction."""

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.operators import Operator, at_least_one

_ROUNDING = 256
"""Parts of a function's size to which its values are rounded before they choose the noise."""


class Refiner(Operator):
    """A prediction made of noise in steps + 1 calls of a network, each at a smaller noise.

    A network that is trained on its squared error learns the large waves of a function and neglects
    the faint ones, whose errors a rollout then amplifies. Here the network is shown, beside the
    input, the answer with noise of variance σ²_k = smallest^((steps - k)/steps), k = 0 ... steps,
    and learns to tell the two apart: at each size of the noise, waves of just that size matter. At
    k = steps the answer is all noise, and the call is an ordinary prediction; the later calls
    refine it down to waves of amplitude √smallest.

    The noise of an answer is a function of the input (rounded to 1/256 of its size, so that it does
    not follow rounding errors) and of `given.member`: an answer can be repeated, other members are
    other draws, and each step of a rollout meets noise of its own. The spread of several members
    tells how far they can be believed.

    Args:
        network: Answers with `channels` channels from the input and the noisy answer behind it;
            it is told k / steps as the first column of `given.params`, before those of the caller.
        channels: Channels of the answer, which has a deviation of about one: predict changes, and
            scale them (`Increment`).
        steps: Number of refinements after the prediction.
        smallest: Variance of the smallest noise, relative to the answer.

    Shapes:
        Field (batch, *points, c) on a Grid -> Field (batch, *points, channels).

    Raises:
        ValueError: No steps, or a variance that is not between 0 and 1.

    Reference:
        Lippe et al., NeurIPS 2023, arXiv:2308.05732; v-prediction: Salimans and Ho, ICLR 2022,
        arXiv:2202.00512; sampling: Ho et al., NeurIPS 2020, arXiv:2006.11239, eq. 7. Departs from
        it: the noise is a function of the input and not of a global state.
    """

    def __init__(
        self, network: Operator, channels: int, *, steps: int = 3, smallest: float = 4e-7
    ) -> None:
        super().__init__()
        at_least_one(channels=channels, steps=steps)
        if not 0 < smallest < 1:
            raise ValueError(f"smallest is a variance between 0 and 1, got {smallest}")
        self.network = network
        self.channels = channels
        self.steps = steps
        self.added = [smallest ** (1 - k / steps) for k in range(steps + 1)]
        """Variance β_k of the noise that step k adds."""
        kept = 1 - torch.tensor(self.added, dtype=torch.float64)
        self.signal = kept.cumprod(0).tolist()
        """Share ᾱ_k of the answer's variance that is left in the noisy answer."""

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only("params")
        noise = self._noise(u, given.member)
        y = noise[self.steps]
        for k in reversed(range(self.steps + 1)):
            left, added = self.signal[k], self.added[k]
            before = self.signal[k - 1] if k else 1.0
            level = u.values.new_full((len(u),), k)
            v = self._velocity(u, y, level, given)
            clean = left**0.5 * y - (1 - left) ** 0.5 * v
            # Mean and variance of the noisy answer one step before, given this one and the answer.
            known = before**0.5 * added * clean + (1 - added) ** 0.5 * (1 - before) * y
            spread = (added * (1 - before) / (1 - left)) ** 0.5
            y = known / (1 - left) + (spread * noise[k - 1] if k else 0.0)
        image = u.with_values(y)
        return image if at is None else image.at(at)

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        given.only("params")
        y = target.values
        level = torch.randint(self.steps + 1, (len(u),), generator=generator)
        noise = torch.randn(y.shape, generator=generator).to(y)
        left = y.new_tensor(self.signal)[level].reshape(-1, *[1] * (y.ndim - 1))
        noisy = left.sqrt() * y + (1 - left).sqrt() * noise
        wanted = left.sqrt() * noise - (1 - left).sqrt() * y
        found = self._velocity(u, noisy, level.to(y), given)
        return {"denoising": (found - wanted).square().mean()}

    def _velocity(self, u: Field, noisy: Tensor, level: Tensor, given: Given) -> Tensor:
        """v = √ᾱ ε - √(1-ᾱ) y, from which both the noise ε and the answer y follow."""
        column = (level / self.steps)[:, None]
        told = column if given.params is None else torch.cat([column, given.params.to(column)], 1)
        shown = u.with_values(torch.cat([u.values, noisy], dim=-1))
        return self.network(shown, Given(params=told)).values

    def _noise(self, u: Field, member: int) -> Float[Tensor, "levels batch *points c"]:
        """White noise for each level, each function its own."""
        shape = (self.steps + 1, *u.domain.shape, self.channels)
        draws = [
            torch.randn(shape, generator=torch.Generator().manual_seed(seed))
            for seed in _seeds(u.values, member)
        ]
        return torch.stack(draws, dim=1).to(u.values)


def _seeds(values: Float[Tensor, "batch *points c"], member: int) -> list[int]:
    """A number for each function that depends on its values, to 1/256 of their size."""
    rows = values.detach().flatten(1)
    size = rows.square().mean(1, keepdim=True).sqrt() + torch.finfo(rows.dtype).tiny
    rounded = (_ROUNDING * rows / size).nan_to_num().round().long()
    factors = torch.randint(2**62, rows.shape[1:], generator=torch.Generator().manual_seed(0))
    mixed = (rounded * factors.to(rows.device)).sum(1).tolist()  # modulo 2^64
    return [(number + member * 0x9E3779B97F4A7C15) % 2**63 for number in mixed]
