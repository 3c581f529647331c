"""How many threads a training is worth."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_WORK = 400_000
"""Values per layer below which a second thread costs more than it brings.

Measured with an FNO of 32 channels: on 16² points and batches of 16 (131 000 values) two threads
gain a tenth on an idle machine and lose a factor of ten and more where anything else runs, because
threads that wait for one another spin; on 64² points (two million) they gain two thirds.
"""


def threads_for(points: int, batch: int, *, width: int = 32) -> int:
    """One thread for small work, all that torch is configured for otherwise."""
    return 1 if points * batch * width < _WORK else torch.get_num_threads()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Runs a block with that many threads and puts the former number back."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
