"""Evolution solvers and discovery against trajectories that other programs made.

    OMP_NUM_THREADS=1 python records/solvers/independent_files.py DATA \
        > records/solvers/independent_files.txt

DATA is a folder with `pinns/KS.mat`, `AC.mat`, `burgers_shock.mat` (M. Raissi's PINNs data, made
with Chebfun) and `pinnacle/burgers1d.dat` (COMSOL). Coefficients are read off each trajectory
alone; then the initial state is solved with the coefficients of the last column, and compared at
every time.
"""

import math
import sys
from pathlib import Path

import numpy as np
import torch

from fredholm.calculus import evaluate
from fredholm.data import read
from fredholm.domains import Axis, Grid
from fredholm.equations import dt, eq, field
from fredholm.equations.tree import add
from fredholm.fields import Field
from fredholm.inverse import candidate_terms, discover_equation, fit_trajectory
from fredholm.solvers.etdrk import ETDRK

U = field("u")
LIBRARY = candidate_terms(U, ["x"])
CASES = {
    "KS": (
        {"u u_x": -5 / math.pi, "u_xx": -5 / (3 * math.pi**2), "u_xxxx": -5 / (27 * math.pi**4)},
        1e-10,
    ),
    "AC": ({"u": 5.0, "u^3": -5.0, "u_xx": 1e-4}, 1e-9),
    "burgers_shock": ({"u u_x": -1.0, "u_xx": 0.01 / math.pi}, 1e-7),
}


def with_noise(u, size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(u.values.shape, generator=generator, dtype=torch.float64)
    return u.with_values(u.values + size * u.values.std() * noise)


def report_discovery(name, samples, simple):
    found = discover_equation(samples.targets)
    print(f"\n{name}: coefficients from the file alone; residual {found.residual:.1e}")
    print("term      found                standard error   number beside it")
    for term, value in found.coefficients.items():
        beside = f"{simple[term]:+.12g}" if term in simple else "-"
        print(f"{term:8}  {value:+.12g}".ljust(32), f"{found.errors[term]:.1e}".ljust(16), beside)


def report_noise(name, samples, simple):
    print(f"\n{name}: relative error of the first coefficient, noise of 0 to 5 % (seed 0)")
    print("noise     weak form   terms found   point by point (terms given)")
    for noise in (0.0, 1e-4, 1e-3, 1e-2, 5e-2):
        u = with_noise(samples.targets, noise)
        found = discover_equation(u)
        first, truth = next(iter(simple.items()))
        weak = abs(found.coefficients.get(first, 0.0) / truth - 1)
        terms = "right" if set(found.coefficients) == set(simple) else str([*found.coefficients])
        pointwise = abs(point_by_point(u, [*simple])[0] / truth - 1)
        print(f"{noise:<8g}  {weak:.1e}     {terms:12}  {pointwise:.1e}", flush=True)


def point_by_point(u, terms):
    """Least squares with differences in time and spectral or fourth-order ones in space."""

    def column(e):
        return evaluate(e, {"u": u}, u.grid).values.flatten()

    columns = torch.stack([column(LIBRARY[term]) for term in terms], dim=1)
    scale = columns.norm(dim=0)
    return (
        torch.linalg.lstsq(columns / scale, column(dt(U))[:, None]).solution[:, 0] / scale
    ).tolist()


def report_polish(samples, simple):
    """One per cent of noise biases the regression; the fit of the solution takes it back."""
    u = with_noise(samples.targets, 0.01)
    upto = Axis(81, 0.0, 0.4, name="t")
    early = Field(u.values[:, :81], Grid.of(upto, *samples.inputs.grid.axes))
    found = discover_equation(u)
    solver = ETDRK(tol=1e-6)
    fit = fit_trajectory({"u": found}, early, initial=samples.inputs, solver=solver)
    print("\nKS with 1 % noise: fit of the solution up to t = 0.4 (relative errors)")
    print("term      regression   fit        standard error of the fit")
    for term, truth in simple.items():
        before, after = (
            found.coefficients[term] / truth - 1,
            fit.coefficients["u"][term] / truth - 1,
        )
        error = fit.errors["u"][term] / abs(truth)
        print(f"{term:8}  {before:+.1e}     {after:+.1e}   {error:.1e}")
    print(
        f"distance of the solution {fit.start:.2e} -> {fit.distance:.2e} in {fit.iterations} steps"
    )


def report_solution(name, start, expected, coefficients, tol):
    right = add(*(value * LIBRARY[term] for term, value in coefficients.items()))
    solution = ETDRK(tol=tol).solve({"u": eq(dt(U), right)}, {"u": start}, expected.grid.axis("t"))
    gap = (solution.field.values - expected.values).norm(dim=2)[0, :, 0]
    curve = gap / expected.values.norm(dim=2)[0, :, 0]
    whole = float((solution.field.values - expected.values).norm() / expected.values.norm())
    places = torch.linspace(0, len(curve) - 1, 6).round().long().tolist()
    at = "  ".join(f"{float(curve[i]):.1e}" for i in places)
    own = f"{float(solution.error):.1e}"
    print(f"{name:14} {tol:7.0e}  {own}        {whole:.1e}  {at}", flush=True)


def finite_elements(folder):
    table = np.loadtxt(folder / "pinnacle" / "burgers1d.dat", comments="%")
    values = torch.from_numpy(table[table[:, 0].argsort()][:100, 1:].T.copy())
    space = Grid((100,), (-1.0, 1.0), periodic=True)
    start = Field(-torch.sin(math.pi * space.points())[None], space)
    return start, Field(values[None, ..., None], Grid.of(Axis(11, name="t"), *space.axes))


def main():
    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, 1 thread, float64")
    files = {
        name: read(folder / "pinns" / f"{name}.mat", periodic=name != "burgers_shock")
        for name in CASES
    }
    for name, (simple, _) in CASES.items():
        report_discovery(name, files[name], simple)
    for name, (simple, _) in CASES.items():
        report_noise(name, files[name], simple)
    report_polish(files["KS"], CASES["KS"][0])
    print("\nsolved from the initial state: relative L2 distance over all times, and at six times")
    print("file           tolerance own estimate  all times first to last")
    for name, (simple, tol) in CASES.items():
        samples = read(folder / "pinns" / f"{name}.mat", periodic=True)
        report_solution(name, samples.inputs, samples.targets, simple, tol)
        worse = {term: value * (1.001 if term == "u_xx" else 1) for term, value in simple.items()}
        report_solution("  u_xx +0.1 %", samples.inputs, samples.targets, worse, 1e-6)
    report_solution("burgers1d.dat", *finite_elements(folder), CASES["burgers_shock"][0], 1e-6)


if __name__ == "__main__":
    main()
