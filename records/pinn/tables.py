"""Errors of a solution on a published table."""

import scipy.io
import torch

from fredholm.collocation import NetworkSolution


def error_on_table(
    solution: NetworkSolution, path: str, *, x: str = "x", t: str = "t", u: str = "usol"
) -> float:
    """Relative L2 error on all values of a table over (x, t).

    Args:
        solution: Its points have the columns x and t.
        path: A file of MATLAB.
        x, t, u: Names of the coordinates and of the values in it.
    """
    table = scipy.io.loadmat(path)
    places, times = (torch.as_tensor(table[name]).ravel().double() for name in (x, t))
    truth = torch.as_tensor(table[u]).ravel()
    found = solution(torch.cartesian_prod(places, times))[:, 0]
    return float((found - truth).norm() / truth.norm())
