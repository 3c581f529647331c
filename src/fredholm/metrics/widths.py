"""How few functions a trajectory could be made of."""

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field
from fredholm.metrics.frames import frames


def snapshot_widths(u: Field) -> Float[Tensor, "n"]:
    """Relative L2 error of the best n functions for all frames, from n = 0 on.

    (Σᵢ₌ₙ σᵢ²)^½ / (Σ σᵢ²)^½ with the singular values σ of the matrix of frames: the error of the
    best linear space of n dimensions in the mean over the frames, which the Kolmogorov n-width
    takes at the worst one. Where it falls slowly, no fixed set of modes serves, as for a wave that
    travels.

    Args:
        u: Trajectories with a time axis `t`, on evenly spaced points; the same functions serve all
            of a batch, and each has all channels.
    """
    snapshots = frames(u).to(torch.float64).flatten(2).flatten(0, 1)
    energy = torch.linalg.svdvals(snapshots).square()
    left = energy.flip(0).cumsum(0).flip(0)
    return (left / left[0].clamp(min=1e-300)).sqrt()
