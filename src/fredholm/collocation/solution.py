"""A problem solved by a network: the function, what was measured of it, and its files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save
from torch import Tensor

import fredholm
from fredholm.calls import describe, rebuild
from fredholm.collocation.points import inside
from fredholm.collocation.trial import Trial
from fredholm.collocation.verdict import Verdict, comparison_grid
from fredholm.domains import Domain
from fredholm.errors import FormatError
from fredholm.fields import Field
from fredholm.problems import PROBLEMS, Problem, build
from fredholm.surrogates import Prediction
from fredholm.training import Record, write_atomically

WEIGHTS, DESCRIPTION = "weights.safetensors", "solution.json"
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class NetworkSolution:
    """A solution that can be evaluated anywhere in its domain.

    Args:
        trial: The trained function.
        record: The story of the training.
        verdict: What can be believed of it.
    """

    trial: Trial
    record: Record
    verdict: Verdict

    def __call__(self, points: Float[Tensor, "n d"]) -> Float[Tensor, "n unknowns"]:
        """The unknowns at points; columns are the coordinates, time last."""
        with torch.no_grad():
            return self.trial(points.to(next(self.trial.parameters())))

    @property
    def learned(self) -> dict[str, float]:
        """The parameters of the statement that were found."""
        return self.trial.learned

    def predict(self, at: Domain | None = None) -> Prediction:
        """The solution as labelled functions, with the error that was measured.

        Args:
            at: Where; by default the grid on which it was judged. Points outside the region of the
                problem have no value (NaN).
        """
        problem = self.trial.problem
        mean = inside(problem, self.trial.at(at or comparison_grid(problem)))
        shown = [[*problem.equations].index(name) for name in problem.targets]
        warnings = () if self.verdict.trusted else (self.verdict.sentence,)
        return Prediction(
            mean.with_values(mean.values[..., shown]),
            problem.target_variables,
            expected_error=self.verdict.error,
            warnings=warnings,
        )

    def residual(self, at: Domain | None = None) -> Field:
        """left - right of each equation, one channel for each, in the order of the statement.

        Args:
            at: Where, as for `predict`.
        """
        problem = self.trial.problem
        return inside(problem, self.trial.residual(at or comparison_grid(problem)))

    def save(self, folder: str | Path) -> None:
        """Writes weights and description into a folder, which is made if need be.

        Raises:
            TypeError: The network is not made of recorded calls.
            DataError: The folder cannot be written.
        """
        folder, trial = Path(folder), self.trial
        content = {
            "format": _FORMAT,
            "version": fredholm.__version__,
            "problem": _statement(trial.problem),
            "network": describe(trial.network),
            "coefficients": {name: describe(n) for name, n in trial.coefficients.items()},
            "terms": {name: describe(n) for name, n in trial.terms.items()},
            "learn": list(trial.numbers),
            "hard": trial.hard,
            "dtype": str(next(trial.parameters()).dtype).removeprefix("torch."),
            "record": self.record.to_json(),
            "verdict": self.verdict.to_json(),
        }
        text = json.dumps(content, indent=1, allow_nan=True)
        weights = save({k: v.contiguous() for k, v in trial.state_dict().items()})
        write_atomically(folder / WEIGHTS, lambda partial: partial.write_bytes(weights))
        write_atomically(folder / DESCRIPTION, lambda partial: partial.write_text(text))

    @classmethod
    def load(cls, folder: str | Path, problem: Problem | None = None) -> "NetworkSolution":
        """The solution that was saved in a folder.

        Args:
            folder: Where.
            problem: The statement, where it is not one of the named problems.

        Raises:
            FormatError: The folder holds no solution, or that of another statement.
        """
        folder = Path(folder)
        try:
            content = json.loads((folder / DESCRIPTION).read_text())
            weights = load_file(folder / WEIGHTS)
        except (OSError, ValueError) as error:
            raise FormatError(f"{folder} holds no solution by a network: {error}") from error
        problem = _problem(content["problem"], problem)
        trial = Trial(
            problem,
            rebuild(content["network"]),
            hard=content["hard"],
            learn=content["learn"],
            coefficients={k: rebuild(v) for k, v in content["coefficients"].items()},
            terms={k: rebuild(v) for k, v in content["terms"].items()},
        )
        trial.to(getattr(torch, content["dtype"]))
        trial.load_state_dict(weights)
        kept = {k: v for k, v in content["verdict"].items() if k in Verdict.__dataclass_fields__}
        verdict = Verdict(**{**kept, "notes": tuple(kept["notes"])})
        return cls(trial, Record.from_json(content["record"]), verdict)


def _statement(problem: Problem) -> dict[str, Any]:
    """What a solution belongs to, as plain data."""
    region, time = problem.region, problem.time
    return {
        **problem.origin(tol=0.0),
        "extent": {axis.name: [axis.start, axis.stop] for axis in problem.domain.axes},
        "time": None if time is None else [time.start, time.stop],
        "region": None if region is None else describe(region),
    }


def _problem(origin: dict[str, Any], given: Problem | None) -> Problem:
    """The statement that a solution belongs to."""
    if given is None and origin["problem"] not in PROBLEMS:
        raise FormatError(
            f"the solution is that of {origin['problem']!r}, a statement of your own: "
            "NetworkSolution.load(folder, problem=...)"
        )
    problem = given or build(origin["problem"])
    known = {k: v for k, v in origin["parameters"].items() if k in problem.parameters}
    problem = problem.with_parameters(**known)
    now, then = (_compared(part) for part in (_statement(problem), origin))
    others = [part for part in now if now[part] != then[part]]
    if others:
        raise FormatError(
            f"the solution belongs to another statement of {origin['problem']!r} "
            f"({', '.join(others)}): give that statement as problem=..."
        )
    return problem


def _compared(statement: dict[str, Any]) -> dict[str, Any]:
    """What must be the same, as it is after a journey through JSON; parameters may differ."""
    parts = ("equations", "boundary", "initial", "extent", "time", "region")
    found = json.loads(json.dumps({part: statement.get(part) for part in parts}))
    return found | {"equations": {name: e["text"] for name, e in found["equations"].items()}}
