"""A trained operator that knows what it takes, how good it is, and where its limits are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from fredholm.data import Samples, as_trained
from fredholm.domains import Domain, behind_time_of, space_of
from fredholm.errors import DataError
from fredholm.fields import Field, Signature, batched
from fredholm.operators import Operator
from fredholm.surrogates.evaluation import Evaluation, evaluate, place_of
from fredholm.surrogates.inputs import field_of, given_of, listed, require_domain
from fredholm.surrogates.limits import Limits
from fredholm.surrogates.prediction import Prediction
from fredholm.surrogates.rolling import beyond, departures, roll, rolled, with_lead
from fredholm.surrogates.storing import read, write
from fredholm.training import Record

if TYPE_CHECKING:
    import xarray


@dataclass
class Surrogate:
    """A trained operator with everything that is needed to use it and to believe it.

    Args:
        operator: Maps inputs to targets in physical units (its normalisers are inside).
        signature: Grids and labels of the training samples.
        record: How it was trained.
        limits: Range of the training inputs.
        baselines: The trivial baselines, fitted to the same samples.
        expected_error: Median relative L2 error on held-out samples.
        expected_growth: For a map from state to state, the same after 1, 2, ... steps.
        origin: Provenance of the training samples.
    """

    operator: Operator
    signature: Signature
    record: Record
    limits: Limits
    baselines: Mapping[str, Operator] = field(default_factory=dict)
    expected_error: float | None = None
    expected_growth: tuple[float, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)

    def predict(
        self,
        inputs: "Field | Samples | Tensor | xarray.Dataset | xarray.DataArray",
        *,
        params: Tensor | None = None,
        at: Domain | None = None,
        batch: int = 64,
    ) -> Prediction:
        """The surrogate's answers.

        Args:
            inputs: Functions as labelled arrays, as a `Field`, as `Samples` with their parameters,
                or as a plain tensor of shape (n, *points) or (n, *points, channels); at any
                resolution of the training domain, or on any domains where those vary.
            params: Parameters of the equation, one row per function, where they varied in training;
                a dataset may hold them as variables instead.
            at: Domain of the answer, by default that of the inputs (behind the time axis of the
                training targets, if they have one).
            batch: Functions per evaluation.

        Raises:
            DataError: Other channels, coordinates, units or domain than in training, or values
                that are not finite.
        """
        u = field_of(inputs, self.signature)
        place = place_of(self.operator)
        given = given_of(inputs, params, len(u), self.signature)
        warnings = self.check(u) + self.limits.param_warnings(given.params)
        asked = at or behind_time_of(space_of(u.domain), self.signature.target_domain)
        self.operator.eval()
        with torch.no_grad():
            parts, spreads = [], []
            for rows in (slice(i, i + batch) for i in range(0, len(u), batch)):
                some = u[rows].to(place.device, place.dtype)
                told, where = given[rows].to(place.device, place.dtype), asked.chosen(rows)
                parts.append(self.operator(some, told, at=where).to("cpu"))
                spread = self.operator.spread(some, told, at=where)
                spreads += [] if spread is None else [spread.to("cpu")]
        return Prediction(
            batched(parts),
            self.signature.targets,
            batched(spreads) if spreads else None,
            self.expected_error,
            tuple(warnings),
        )

    def rollout(
        self,
        inputs: "Field | Samples | Tensor | xarray.Dataset | xarray.DataArray",
        steps: int,
        *,
        params: Tensor | None = None,
        batch: int = 64,
    ) -> Prediction:
        """The trajectory that repeated answers make, as far ahead as is asked for.

        Args:
            inputs: Initial states, as in `predict`.
            steps: Number of steps of the training data's sampling interval.
            params: Parameters of the equation, one row per function, a lead time not among them.
            batch: Functions per evaluation.

        Raises:
            DataError: As in `predict`, or the surrogate does not answer with states that follow.
            DivergedError: Values are not finite, with the first step at which that happened.
        """
        interval = self.signature.time or self.signature.step
        if interval is None or not self.signature.state_to_state:
            raise DataError(
                "only a surrogate that answers with later states of its input can be rolled out; "
                f"this one leads from {listed(self.signature.inputs)} to "
                f"{listed(self.signature.targets)}" + ("" if interval else " without a time step")
            )
        if steps < 1:
            raise DataError(f"a rollout has at least one step, got {steps}")
        u = field_of(inputs, self.signature)
        place = place_of(self.operator)
        told = with_lead(params, self.signature, len(u))
        given = given_of(inputs, told, len(u), self.signature)
        self.operator.eval()
        parts = [
            roll(
                self.operator,
                self.signature,
                u[rows].to(place.device, place.dtype),
                steps,
                given[rows].to(place.device, place.dtype),
            ).to("cpu")
            for rows in (slice(i, i + batch) for i in range(0, len(u), batch))
        ]
        mean = batched(parts)
        names = tuple(v.name for v in self.signature.inputs)
        warnings = self.check(u) + self.limits.param_warnings(given.params)
        warnings += departures(mean, self.limits, names)
        warnings += beyond(steps, self.signature, len(self.expected_growth))
        measured = self.expected_growth
        error = measured[min(steps, len(measured)) - 1] if measured else self.expected_error
        return Prediction(mean, self.signature.targets, None, error, tuple(warnings))

    def check(
        self, inputs: "Field | Samples | Tensor | xarray.Dataset | xarray.DataArray"
    ) -> list[str]:
        """Sentences about inputs that differ from the training data; empty if all is well."""
        u = field_of(inputs, self.signature)
        return self.limits.warnings(u, tuple(v.name for v in self.signature.inputs))

    def evaluate(self, samples: Samples) -> Evaluation:
        """Errors on samples that were not trained on, beside those of the baselines.

        Raises:
            DataError: The samples are not of the kind that the surrogate was trained on.
        """
        if not isinstance(samples, Samples):
            raise DataError(
                "evaluate takes samples, as fredholm.read(path) gives them, got "
                f"{type(samples).__name__}"
            )
        samples = as_trained(samples, self.signature)
        require_domain(samples.inputs.domain, self.signature.input_domain, "inputs")
        found = samples.targets.domain
        stepped = self.signature.step is not None and "t" in found.names
        space = space_of(found) if stepped else found
        require_domain(space, self.signature.target_domain, "targets")
        u = field_of(samples.inputs, self.signature)
        if samples.targets.channels != len(self.signature.targets):
            raise DataError(
                f"the targets have {samples.targets.channels} channels, the surrogate answers "
                f"with {len(self.signature.targets)}: {listed(self.signature.targets)}"
            )
        operator, *others = (
            rolled(part, self.signature, found)
            for part in (self.operator, *self.baselines.values())
        )
        result = evaluate(operator, samples, baselines=dict(zip(self.baselines, others)))
        return Evaluation(**{**vars(result), "warnings": tuple(self.check(u))})

    def save(self, folder: str | Path) -> Path:
        """Writes `weights.safetensors`, `surrogate.json` and the baselines; returns the folder.

        Raises:
            DataError: The folder cannot be written.
        """
        write(Path(folder), vars(self))
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path, *, own: Collection[type] = ()) -> Self:
        """The surrogate that `save` wrote. Nothing in the folder is executed.

        Args:
            folder: The folder.
            own: Classes of your own that the surrogate is made of, and that you trust; those of
                fredholm and of announced extensions need not be named.

        Raises:
            DataError: There is no surrogate, or a file of it cannot be read.
            FormatError: It was written by a later version, or is damaged.
        """
        return cls(**read(Path(folder), own))
