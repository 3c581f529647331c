import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch

from fredholm.data import read
from fredholm.data.batches import generator_of
from fredholm.data.generate import generate
from fredholm.domains import Axis, Grid
from fredholm.equations import dt, eq, field, lap, param
from fredholm.errors import DataError, DivergedError, Interrupted
from fredholm.fields import norm
from fredholm.problems import Problem
from fredholm.problems.priors import GaussianField
from fredholm.solvers.solution import Solution


def heat() -> Problem:
    u = field("u", units="K")
    return Problem(
        key="heat-test",
        title="heat on a line",
        equations={"u": eq(dt(u), param("kappa", 0.01) * lap(u))},
        domain=Grid((32,), periodic=True, units="m"),
        time=Axis(5, name="t", units="s"),
        varies={"u": GaussianField(2.0, 5.0)},
    )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_file_holds_what_the_problem_says(tmp_path: Path) -> None:
    problem = heat()
    path = generate(problem, 5, path=tmp_path / "a.nc", seed=3, chunk=2, tol=1e-8)
    samples = read(path)
    drawn = problem.sample(1, problem.grid(), generator=generator_of(3, 4))
    assert torch.equal(samples.inputs.values[4:], drawn.values)
    assert samples.input_variables == problem.input_variables
    assert samples.targets.grid == problem.target_grid(problem.grid())
    solved = problem.solve(samples.inputs, tol=1e-8).field
    gap = norm(solved.with_values(solved.values - samples.targets.values)) / norm(solved)
    assert gap.max() < 1e-7
    assert samples.error is not None and samples.error.shape == (5,)
    origin = samples.origin
    assert origin["problem"] == "heat-test" and origin["seed"] == 3 and origin["tolerance"] == 1e-8
    assert origin["parameters"] == {"kappa": 0.01} and "lap(u)" in origin["equation"]


def test_a_sample_depends_on_seed_and_number_alone(tmp_path: Path) -> None:
    few = read(generate(heat(), 3, path=tmp_path / "a.nc", seed=1, chunk=3))
    many = read(generate(heat(), 8, path=tmp_path / "b.nc", seed=1, chunk=5))
    other = read(generate(heat(), 3, path=tmp_path / "c.nc", seed=2, chunk=3))
    assert torch.equal(few.inputs.values, many.inputs.values[:3])
    assert not torch.equal(few.inputs.values, other.inputs.values)


def test_an_interrupted_call_ends_with_the_same_file(tmp_path: Path) -> None:
    whole = generate(heat(), 9, path=tmp_path / "whole.nc", chunk=2)

    def stop(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    path = tmp_path / "a.nc"
    with pytest.raises(Interrupted, match="4 of 9 samples"):
        generate(heat(), 9, path=path, chunk=2, progress=stop)
    assert not path.exists()
    told = []
    generate(heat(), 9, path=path, chunk=2, progress=lambda done, total: told.append(done))
    assert told == [4, 6, 8, 9]
    assert digest(path) == digest(whole)


@pytest.mark.parametrize("change", [{"seed": 1}, {"n": 10}, {"tol": 1e-3}, {"resolution": 16}])
def test_other_settings_do_not_continue(tmp_path: Path, change: dict) -> None:
    def stop(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    path = tmp_path / "a.nc"
    with pytest.raises(Interrupted):
        generate(heat(), 9, path=path, chunk=2, progress=stop)
    n = change.pop("n", 9)
    with pytest.raises(DataError, match="other settings"):
        generate(heat(), n, path=path, chunk=2, **change)


def test_a_solution_that_is_not_finite_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve = Problem.solve

    def broken(self: Problem, inputs, **options) -> Solution:
        found = solve(self, inputs, **options)
        if len(inputs) > 1:
            found.field.values[1, 2, 3] = float("nan")
        return dataclasses.replace(found)

    monkeypatch.setattr(Problem, "solve", broken)
    with pytest.raises(DivergedError, match="sample 1"):
        generate(heat(), 4, path=tmp_path / "a.nc")
    assert not (tmp_path / "a.nc").exists()


def test_nothing_is_computed_for_a_file_that_exists(tmp_path: Path) -> None:
    (tmp_path / "a.nc").write_text("precious")
    with pytest.raises(DataError, match="exists"):
        generate(heat(), 4, path=tmp_path / "a.nc")
    assert (tmp_path / "a.nc").read_text() == "precious"
