"""State an equation once: the solver, the residual and the formula follow."""

# %% Fisher's equation on a ring: growth, saturation and diffusion
import torch

from fredholm.calculus import derivative
from fredholm.domains import Axis, Grid
from fredholm.equations import dt, eq, field, lap, latex, param
from fredholm.fields import norm
from fredholm.problems import Problem
from fredholm.problems.priors import FourierSeries

u = field("u")
diffusivity, growth = param("D", 0.01, positive=True), param("r", 2.0, positive=True)
equation = eq(dt(u), diffusivity * lap(u) + growth * u * (1 - u))
print(latex(equation))

# %% What varies: the initial state, a random Fourier series around one half
problem = Problem(
    key="fisher",
    title="Fisher's equation",
    equations={"u": equation},
    domain=Grid((64,), periodic=True),
    time=Axis(41, 0.0, 2.0, name="t"),
    varies={"u": FourierSeries(modes=3, amplitude=0.2, mean=0.5)},
)

# %% Solve four initial states; the solver (ETDRK) was derived from the statement
generator = torch.Generator().manual_seed(0)
states = problem.sample(4, generator=generator)
solution = problem.solve(states, tol=1e-8)
print(solution.method, "estimated error", float(solution.error.max()))

# %% Put the solution back into the equation: the frames in time are the only approximation left
residual = problem.residual(solution.field, states)["u"]
rate = derivative(solution.field, "t")
defect = float((norm(residual) / norm(rate)).max())
print(f"largest residual relative to the rate of change: {defect:.1e}")
