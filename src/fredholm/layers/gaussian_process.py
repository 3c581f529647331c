"""Regression by Gaussian processes, exact: means and variances from a Cholesky factor."""

import math

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize
from torch import Tensor

from fredholm.layers.sized_by_data import SizedByData

_ENOUGH = 400
"""Most samples that the hyper-parameters are found on: each trial costs their number cubed."""
_BOUNDS = {"length": (1e-2, 1e4), "size": (1e-3, 1e2), "trend": (1e-3, 1e2), "noise": (1e-4, 3.0)}
_JITTER = 1e-9
"""Added to the diagonal, relative to its mean, so that samples may repeat and rounding be borne."""
_APART, _OFF = 0.35, 1.5
"""Standard deviations before any data: of log ℓ of an input about the mean of all inputs, and of
that mean. With forty inputs and a hundred samples free lengths follow accidents: the variances of a
Poisson problem on star shapes were half of the squared errors, and are nearly equal so."""


class GaussianProcesses(SizedByData):
    """Independent Gaussian processes, one for each output, of the same inputs.

    Output b is a constant plus a draw of mean zero and covariance

        k(x, x') = s² m(r) + t² x·x' + σ² δ,  r² = Σⱼ (xⱼ - x'ⱼ)²/ℓⱼ²,
        m(r) = (1 + √5 r + 5r²/3) exp(-√5 r)  (Matérn 5/2),

    in inputs and outputs of mean zero and deviation one. ℓ, s, t and σ of each output maximise the
    likelihood of its samples times a weak prior of the lengths. What is stored are the samples and
    these numbers; the factor is made when it is first asked for.

    Args:
        restarts: Searches for the hyper-parameters, from starts of their own.

    Shapes:
        inputs (n, d), outputs (n, b).

    Reference:
        Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, algorithm 2.1 and
        sections 4.2 and 5.4.
    """

    inputs: Tensor
    outputs: Tensor
    hyper: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(self, restarts: int = 2) -> None:
        super().__init__()
        self.restarts = restarts
        for name in ("inputs", "outputs", "hyper", "centre", "scale"):
            self.register_buffer(name, torch.zeros(0, 0, dtype=torch.float64))
        self._solved: tuple[Tensor, Tensor] | None = None

    def fit(self, inputs: Float[Tensor, "n d"], outputs: Float[Tensor, "n b"]) -> None:
        """Takes samples and finds the hyper-parameters.

        Raises:
            ValueError: Fewer than two samples.
        """
        if len(inputs) < 2:
            raise ValueError(f"a Gaussian process needs two samples at least, got {len(inputs)}")
        both = [part.detach().double() for part in (inputs, outputs)]
        moments = [torch.stack([part.mean(0), _deviation(part)]) for part in both]
        x, y = ((part - mean) / scale for part, (mean, scale) in zip(both, moments))
        self.inputs, self.outputs = x, y
        self.centre, self.scale = torch.cat(moments, dim=1)
        chosen = torch.linspace(0, len(x) - 1, min(len(x), _ENOUGH)).round().long()
        found = [self._search(x[chosen], column) for column in y[chosen].unbind(1)]
        self.hyper = torch.stack(found)
        self._solved = None

    def forward(
        self, inputs: Float[Tensor, "m d"]
    ) -> tuple[Float[Tensor, "m b"], Float[Tensor, "m b"]]:
        """Mean and variance of the outputs, their noise included, in float64."""
        d = self.inputs.shape[1]
        x = (inputs.double() - self.centre[:d].double()) / self.scale[:d].double()
        known = self.inputs.double()
        alpha, factor = self._factors(known)
        means, variances = [], []
        for b, log in enumerate(self.hyper.double()):
            cross = _covariance(x, known, log)
            means.append(cross @ alpha[b])
            part = torch.linalg.solve_triangular(factor[b], cross.T, upper=False)
            prior = log[-3].exp() ** 2 + log[-2].exp() ** 2 * x.square().sum(1)
            variances.append((prior - part.square().sum(0)).clamp(min=0) + log[-1].exp() ** 2)
        scale = self.scale[d:].double()
        mean = torch.stack(means, dim=1) * scale + self.centre[d:].double()
        return mean, torch.stack(variances, dim=1) * scale**2

    def _factors(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """K⁻¹y and the Cholesky factor of K for each output."""
        if self._solved is None or self._solved[0].device != known.device:
            factor = torch.stack([_factor(known, log) for log in self.hyper.double()])
            alpha = torch.cholesky_solve(self.outputs.double().T[..., None], factor)[..., 0]
            self._solved = alpha, factor
        return self._solved

    def _search(self, x: Tensor, y: Tensor) -> Tensor:
        """The hyper-parameters (log ℓ, log s, log t, log σ) of one output."""
        d = x.shape[1]
        middle = torch.tensor([math.log(2 * d**0.5)] * d + [0.0, -1.0, -2.0], dtype=torch.float64)
        names = ["length"] * d + ["size", "trend", "noise"]
        bounds = [tuple(math.log(end) for end in _BOUNDS[name]) for name in names]
        generator = torch.Generator().manual_seed(0)
        best, least = middle, math.inf

        def loss(log: np.ndarray) -> tuple[float, np.ndarray]:
            theta = torch.tensor(log, requires_grad=True)
            value = _unlikeliness(x, y, theta)
            assert theta.grad is not None
            slope, lengths = theta.grad, theta.detach()[:d]
            apart = (lengths - lengths.mean()) / _APART
            off = (lengths.mean() - middle[0]) / _OFF
            slope[:d] += apart / _APART + off / (_OFF * d)
            return value + 0.5 * float(apart.square().sum() + off**2), slope.numpy()

        for trial in range(self.restarts):
            shift = torch.randn(len(middle), generator=generator, dtype=torch.float64)
            start = middle + (0.5 * shift if trial else 0)
            with torch.enable_grad():
                found = minimize(
                    loss,
                    start.numpy(),
                    jac=True,
                    method="L-BFGS-B",
                    bounds=bounds,
                    options={"maxiter": 100},
                )
            if found.fun < least:
                best, least = torch.from_numpy(found.x), found.fun
        return best

    def _load_from_state_dict(self, *arguments) -> None:
        super()._load_from_state_dict(*arguments)
        self._solved = None


def _deviation(x: Tensor) -> Tensor:
    deviation = x.std(0, correction=0)
    return torch.where(deviation > 1e-12 * x.abs().amax(0), deviation, 1.0)


def _covariance(x: Tensor, other: Tensor, log: Tensor) -> Tensor:
    """k without the noise."""
    *_, size, trend, _ = log.exp()
    length = log[:-3].exp()
    a, b = x / length, other / length
    square = a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T
    r = (5 * square.clamp(min=1e-12)).sqrt()
    return size**2 * (1 + r + r.square() / 3) * torch.exp(-r) + trend**2 * x @ other.T


def _factor(x: Tensor, log: Tensor) -> Tensor:
    """The Cholesky factor of the samples' covariance."""
    return torch.linalg.cholesky(_with_noise(x, log))


def _with_noise(x: Tensor, log: Tensor) -> Tensor:
    covariance = _covariance(x, x, log)
    noise = log[-1].exp() ** 2 + _JITTER * covariance.diagonal().mean()
    return covariance + noise * torch.eye(len(x), dtype=x.dtype, device=x.device)


def _unlikeliness(x: Tensor, y: Tensor, log: Tensor) -> float:
    """Minus the logarithm of the likelihood of samples, up to a constant; its gradient on `log`.

    The derivative by K is (K⁻¹ - αα')/2 with α = K⁻¹y. To hand it to the covariance is less work
    than to differentiate through the factor.
    """
    covariance = _with_noise(x, log)
    factor = torch.linalg.cholesky(covariance.detach())
    alpha = torch.cholesky_solve(y[:, None], factor)
    slope = 0.5 * (torch.cholesky_inverse(factor) - alpha @ alpha.T)
    (slope * covariance).sum().backward()
    return float(0.5 * y @ alpha[:, 0] + factor.diagonal().log().sum())
