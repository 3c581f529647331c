"""Finite elements against tables of COMSOL: diffusion around disks, and two steady flows.

    OMP_NUM_THREADS=1 python records/finite_elements/comsol.py DATA

Writes records/finite_elements/comsol.json. DATA is a folder with the reference tables of PINNacle
(Hao et al., arXiv:2306.08827): `poisson_classic.dat`, `poisson_boltzmann2d.dat`,
`lid_driven_a4.dat`, `lid_driven_a16.dat` and `ns_0_obstacle.dat`. Each problem is solved on meshes
with edges of several lengths, refined where the tolerance asks for it, and compared at the points
of the table; between the points at which elements of second order have values the solution is taken
as linear. Where finite volumes take the problem they are compared too. Seconds are those of the
processor, with the making of the mesh. Distances are relative L2 norms over the points of the
table; a pressure without outlet is compared up to a constant. COMSOL states the outlet behind the
step weakly and lets nothing flow back there, where a vortex reaches it: that flow is compared once
more before the step, x < 2.
"""

import sys
import time
from pathlib import Path

import torch

from fredholm.benchmarks.records import write_record
from fredholm.data import read_table
from fredholm.domains import Box, PointCloud, mesh_region
from fredholm.fields import Field
from fredholm.problems import build
from fredholm.problems.on_meshes import solve_on

CASES = (
    ("poisson_holes", {}, "poisson_classic", (0.06, 0.03, 0.015), 2e-3),
    ("poisson_boltzmann", {}, "poisson_boltzmann2d", (0.12, 0.06, 0.03), 2e-3),
    ("cavity", {"lid": 4.0}, "lid_driven_a4", (1 / 16, 1 / 24, 1 / 32), 1.0),
    ("cavity", {"lid": 16.0}, "lid_driven_a16", (1 / 24, 1 / 32), 1.0),
    ("backward_step", {}, "ns_0_obstacle", (0.15, 0.1, 0.075), 1.0),
)
TOLERANCES = (1e-2, 1e-3, 1e-4)


def main(data: Path) -> None:
    torch.set_num_threads(1)
    rows, volumes = [], []
    for key, parameters, file, sizes, tol in CASES:
        problem, table = build(key, **parameters), read_table(data / f"{file}.dat")
        region = problem.region or Box(tuple((a.start, a.stop) for a in problem.domain.axes))
        for size in sizes:
            start = time.process_time()
            mesh = mesh_region(region, size)
            nothing = Field(torch.zeros(1, len(mesh), 0, dtype=torch.float64), mesh)
            solution = solve_on(problem, nothing, tol, region=problem.region, finest=True)
            seconds = time.process_time() - start
            there = solution.field.at(PointCloud(table.points)).values[0]
            rows.append(
                {
                    "problem": key,
                    "parameters": parameters,
                    "table": file,
                    "edges": size,
                    "nodes": len(mesh),
                    **solution.details,
                    "distance": distances(problem, there, table.values),
                    **before_step(problem, there, table),
                    "stated_error": float(solution.error),
                    "seconds": round(seconds, 2),
                }
            )
            print(rows[-1], flush=True)
        if key.startswith("poisson"):
            volumes += [by_volumes(problem, table, tol) for tol in TOLERANCES]
    content = {"finite_elements": rows, "finite_volumes": volumes}
    command = "OMP_NUM_THREADS=1 python records/finite_elements/comsol.py DATA"
    print(write_record(Path(__file__).parent, "comsol", content, command=command, seeds=[]))


def before_step(problem, found, table) -> dict[str, object]:
    """The distances of the flow over a step where it has not reached it."""
    if problem.key != "backward_step":
        return {}
    chosen = table.points[:, 0] < 2
    return {"distance_before_the_step": distances(problem, found[chosen], table.values[chosen])}


def distances(problem, found, table) -> dict[str, float]:
    """Relative L2 distance of each unknown."""
    result = {}
    for name, mine, theirs in zip(problem.targets, found.T, table.T):
        gap = mine - theirs
        if name in problem.gauge:
            gap, theirs = gap - gap.mean(), theirs - theirs.mean()
        result[name] = float(f"{float(gap.norm() / theirs.norm()):.3g}")
    return result


def by_volumes(problem, table, tol: float) -> dict[str, object]:
    """The same by finite volumes; points within a spacing of a body are left out."""
    start = time.process_time()
    solution = problem.solve(tol=tol)
    seconds = time.process_time() - start
    found = solution.field.at(PointCloud(table.points)).values[0]
    seen = ~found.isnan().any(1)
    gap = (found - table.values)[seen].norm() / table.values[seen].norm()
    row = {
        "problem": problem.key,
        "tolerance": tol,
        "distance": float(f"{float(gap):.3g}"),
        "points": f"{int(seen.sum())} of {len(seen)}",
        "stated_error": float(solution.error),
        "seconds": round(seconds, 2),
    }
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main(Path(sys.argv[1]))
