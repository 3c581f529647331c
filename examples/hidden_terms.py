"""Two terms of an equation are unknown: learn them from twelve noisy points, and read them off."""

# %% Prey grow and predators starve at known rates; what happens when they meet is not known
from dataclasses import replace

import torch

from fredholm import problems
from fredholm.collocation import Observations, Sampling, Setup, build_term, solve_by_network
from fredholm.domains import Grid
from fredholm.equations import dt, eq, field, learned, param
from fredholm.inverse import identify, restated
from fredholm.training import Budget

u, v = field("u"), field("v")
truth = problems.build("lotka_volterra")
times = truth.time.resized(12)
exact = truth.solve(at=Grid.of(times, *truth.domain.axes), tol=1e-6).field.values[0, :, 0]
noise = torch.randn(exact.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
data = exact + 0.02 * exact.square().mean(0).sqrt() * noise

# %% The statement: both products are unknown functions of the state, and so are the first numbers
problem = replace(
    truth,
    equations={
        "u": eq(dt(u), param("alpha", 1.3) * u + learned("eaten", u, v)),
        "v": eq(dt(v), learned("eating", u, v) - param("delta", 1.8) * v),
    },
    initial={n: param(f"{n}_start", float(x), positive=True) for n, x in zip("uv", data[0])},
    parameters={},
)
points = torch.stack([torch.zeros(12), times.points()], dim=1).double()
seen = Observations(points, {"u": u, "v": v}, {"u": data[:, 0], "v": data[:, 1]}, scale=0.05)
ranges = {n: (float(x.min()), float(x.max())) for n, x in zip("uv", data.mT)}
setup = Setup(hyper={"width": 24, "layers": 2}, sampling=Sampling(interior=150, adaptive=False))
solution = solve_by_network(
    problem,
    setup,
    budget=Budget(steps=60),
    learn=["u_start", "v_start"],
    terms={f: build_term(ranges, width=8, layers=1) for f in ("eaten", "eating")},
    observations={"data": seen},
)

# %% What the networks learned, as formulae
found = identify(solution)
for formula in found.values():
    print(formula)

# %% The data themselves determine the coefficients of the formulae
law = restated(problem, found).with_parameters(**solution.learned)
numbers = [name for name in law.parameters if name not in problem.parameters]
fitted = solve_by_network(
    law,
    replace(setup, network=solution.trial.network),  # It knows the points already.
    budget=Budget(steps=40),
    learn=["u_start", "v_start", *numbers],
    observations={"data": seen},
)
for equation in law.equations.values():
    print(equation)
print({name: round(value, 3) for name, value in fitted.learned.items()})
wanted = {"eaten_1": -0.9, "eating_1": 0.8}
worst = max(abs(fitted.learned[name] / value - 1) for name, value in wanted.items())
print(f"largest error of a coefficient: {worst:.1%}")
