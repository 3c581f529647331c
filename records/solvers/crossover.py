"""Where multigrid overtakes the direct method: seconds per system, by size, batch and sharing.

    OMP_NUM_THREADS=1 python records/solvers/crossover.py > records/solvers/crossover.txt

Two-phase coefficients 3 and 12, tolerance 1e-8, one thread; the smaller of two timings each, in
processor time, so that other programs do not count. `choose_method` in `fredholm.solvers.linear`
is fitted to this table.
"""

import time

import torch

from fredholm.domains import Grid
from fredholm.problems.priors import GaussianField, TwoPhase
from fredholm.solvers.finite_volume import balance
from fredholm.solvers.linear import choose_method, solve_linear

CASES = {
    1: ((64, (1, 64)), (1024, (1, 64)), (16384, (1, 8))),
    2: ((16, (1, 64)), (32, (1, 64)), (64, (1, 32)), (128, (1, 8)), (256, (1,))),
    3: ((6, (1, 64)), (8, (1, 64)), (12, (1, 16)), (16, (1, 8)), (24, (1,))),
}


def seconds(stencil, b, method):
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        solve_linear(stencil, b, method=method, tol=1e-8)
        best = min(best, time.process_time() - start)
    return best


def main():
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, 1 thread; seconds of processor time per system")
    print("dim  size  batch  matrices    direct  multigrid  chosen")
    prior = TwoPhase(GaussianField(2.0, 3.0, boundary="neumann", constant=False))
    for dim, rows in CASES.items():
        for size, batches in rows:
            for batch in batches:
                for shared in (False, True) if batch > 1 else (False,):
                    grid = Grid((size,) * dim, location="cell")
                    generator = torch.Generator().manual_seed(0)
                    a = prior.sample(1 if shared else batch, grid, generator=generator)
                    f = torch.randn(batch, *grid.shape, 1, generator=generator).double()
                    system = balance(a, a.with_values(f), 0.0, 0.0, ())
                    times = [
                        seconds(system.stencil, system.sides, method) / batch
                        for method in ("direct", "multigrid")
                    ]
                    chosen = choose_method(system.stencil, batch)
                    kind = "one" if shared else "own"
                    print(
                        f"{dim:3} {size:5} {batch:6}  {kind:8} {times[0]:9.2e}  {times[1]:9.2e}"
                        f"  {chosen}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
