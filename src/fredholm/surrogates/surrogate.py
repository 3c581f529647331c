"""A trained operator that knows what it takes, how good it is, and where its limits are."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from fredholm import __version__
from fredholm.calls import describe, rebuild
from fredholm.data import LEAD_TIME, Samples, as_trained, from_xarray
from fredholm.domains import (
    Domain,
    Grid,
    Scattered,
    behind_time_of,
    described,
    space_of,
    time_of,
)
from fredholm.errors import DataError, FormatError
from fredholm.fields import NOTHING, Field, Given, Signature, batched
from fredholm.operators import Operator
from fredholm.surrogates.evaluation import Evaluation, evaluate
from fredholm.surrogates.limits import Limits
from fredholm.surrogates.prediction import Prediction
from fredholm.surrogates.rolling import departures, roll, rolled
from fredholm.training import Record, write_atomically

if TYPE_CHECKING:
    import xarray

FORMAT = 1
"""Version of the stored form; a greater one is refused."""


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
        u = self._field(inputs)
        place = next(iter(self.operator.state_dict().values()), torch.empty(0))
        given = self._given(inputs, params, len(u))
        warnings = self.check(u) + self.limits.param_warnings(given.params)
        asked = at or behind_time_of(u.domain, self.signature.target_grid)
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
                f"this one leads from {_names(self.signature.inputs)} to "
                f"{_names(self.signature.targets)}" + ("" if interval else " without a time step")
            )
        if steps < 1:
            raise DataError(f"a rollout has at least one step, got {steps}")
        u = self._field(inputs)
        place = next(iter(self.operator.state_dict().values()), torch.empty(0))
        given = self._given(inputs, self._with_lead(params, len(u)), len(u))
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
        warnings += departures(mean, self.limits, names) + self._beyond(steps)
        measured = self.expected_growth
        error = measured[min(steps, len(measured)) - 1] if measured else self.expected_error
        return Prediction(mean, self.signature.targets, None, error, tuple(warnings))

    def _with_lead(self, params: Tensor | None, count: int) -> Tensor | None:
        """The parameters with the lead time of one step, where the surrogate is told one."""
        step = self.signature.step
        if step is None or LEAD_TIME not in (v.name for v in self.signature.params):
            return params
        lead = torch.full((count, 1), step.spacing)
        return lead if params is None else torch.cat([params, lead.to(params)], dim=1)

    def _beyond(self, steps: int) -> list[str]:
        """One sentence where a rollout is longer than those on which the error is known."""
        time = self.signature.time
        known = len(self.expected_growth) or (time.size if time else 1)
        if steps <= known:
            return []
        return [
            f"the error was measured on rollouts of {known} steps; what follows is an extrapolation"
        ]

    def check(
        self, inputs: "Field | Samples | Tensor | xarray.Dataset | xarray.DataArray"
    ) -> list[str]:
        """Sentences about inputs that differ from the training data; empty if all is well."""
        u = self._field(inputs)
        return self.limits.warnings(u, tuple(v.name for v in self.signature.inputs))

    def evaluate(self, samples: Samples) -> Evaluation:
        """Errors on samples that were not trained on, beside those of the baselines.

        Raises:
            DataError: The samples are not of the kind that the surrogate was trained on.
        """
        samples = as_trained(samples, self.signature)
        self._like_training(samples.inputs.domain, self.signature.input_grid, "inputs")
        found = samples.targets.domain
        stepped = self.signature.step is not None and "t" in found.names
        space = space_of(found) if stepped else found
        self._like_training(space, self.signature.target_grid, "targets")
        u = self._field(samples.inputs)
        if samples.targets.channels != len(self.signature.targets):
            raise DataError(
                f"the targets have {samples.targets.channels} channels, the surrogate answers "
                f"with {len(self.signature.targets)}: {_names(self.signature.targets)}"
            )
        operator, *others = (
            rolled(part, self.signature, found)
            for part in (self.operator, *self.baselines.values())
        )
        result = evaluate(operator, samples, baselines=dict(zip(self.baselines, others)))
        return Evaluation(**{**vars(result), "warnings": tuple(self.check(u))})

    def _field(self, inputs: Any) -> Field:
        """Any accepted form of inputs as a checked field."""
        if isinstance(inputs, Field):
            u = inputs
        elif isinstance(inputs, Samples):
            u = as_trained(inputs, self.signature).inputs
        elif hasattr(inputs, "dims"):
            u = from_xarray(inputs, self.signature.inputs, self.signature.input_grid)
        else:
            u = self._from_tensor(torch.as_tensor(inputs))
        wanted = self.signature.inputs
        if u.channels != len(wanted):
            raise DataError(
                f"the input has {u.channels} channels, expected {len(wanted)}: {_names(wanted)}"
            )
        self._like_training(u.domain, self.signature.input_grid, "input")
        bad = (~torch.isfinite(u.values.flatten(1))).any(1).nonzero()[:, 0].tolist()
        if bad:
            raise DataError(
                f"{len(bad)} of {len(u)} inputs hold NaN or infinity, the first is number {bad[0]}"
            )
        return u

    def _given(self, inputs: Any, params: Tensor | None, count: int) -> Given:
        """The parameters of the equation, checked against what varied in training."""
        wanted = self.signature.params
        if params is None and isinstance(inputs, Samples):
            params = as_trained(inputs, self.signature).params
        elif params is None and wanted and hasattr(inputs, "data_vars"):
            missing = [v.name for v in wanted if v.name not in inputs]
            if not missing:
                columns = [torch.as_tensor(inputs[v.name].values).expand(count) for v in wanted]
                params = torch.stack(columns, dim=-1)
        if not wanted and params is None:
            return NOTHING
        if params is None or tuple(params.shape) != (count, len(wanted)):
            raise DataError(
                f"the surrogate needs params of shape ({count}, {len(wanted)}): {_names(wanted)}; "
                f"got {None if params is None else tuple(params.shape)}"
            )
        return Given(params=params)

    def _from_tensor(self, values: Tensor) -> Field:
        grid, channels = self.signature.input_grid, len(self.signature.inputs)
        if isinstance(grid, Scattered):
            raise DataError(
                f"this surrogate takes functions on {grid}: give a Field with its domain, "
                "labelled arrays, or files of meshes"
            )
        if not values.is_floating_point():
            values = values.float()
        if values.ndim == grid.dim + 1 and channels == 1:
            values = values[..., None]
        if values.ndim != grid.dim + 2:
            raise DataError(
                f"an input without labels has shape (n, {', '.join(grid.names)}, {channels}), "
                f"got {tuple(values.shape)}"
            )
        return Field(values, grid.resized(values.shape[1:-1]))

    @staticmethod
    def _like_training(domain: Domain, trained: Grid | Scattered, what: str) -> None:
        """Same axes over the same interval; the number of points is free, but not that of times.

        Of scattered points the coordinates and the times are the same; shapes are free.
        """
        found = described(domain)
        same = found.names == trained.names and time_of(found) == time_of(trained)
        if isinstance(found, Grid) and isinstance(trained, Grid):
            same = same and all(
                (a if a.name == "t" else a.resized(b.size)) == b
                for a, b in zip(found.axes, trained.axes)
            )
        elif isinstance(found, Scattered) and isinstance(trained, Scattered):
            same = same and found.units == trained.units
        else:
            same = False
        if not same:
            raise DataError(f"the {what} live on {found}, the surrogate was trained on {trained}")

    def save(self, folder: str | Path) -> Path:
        """Writes `weights.safetensors`, `surrogate.json` and the baselines; returns the folder.

        Raises:
            DataError: The folder cannot be written.
        """
        folder = Path(folder)
        _save_weights(self.operator, folder / "weights.safetensors")
        for number, operator in enumerate(self.baselines.values()):
            _save_weights(operator, folder / f"baseline-{number}.safetensors")
        text = json.dumps(self._to_json(), indent=1)
        write_atomically(folder / "surrogate.json", lambda path: path.write_text(text))
        return folder

    def _to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "fredholm": __version__,
            "torch": torch.__version__,
            "operator": describe(self.operator),
            "signature": describe(self.signature),
            "limits": self.limits.to_json(),
            "baselines": {name: describe(op) for name, op in self.baselines.items()},
            "expected_error": self.expected_error,
            "expected_growth": list(self.expected_growth),
            "record": self.record.to_json(),
            "origin": dict(self.origin),
        }

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
        folder = Path(folder)
        data = _read_json(folder / "surrogate.json")
        try:
            built: Operator = rebuild(data["operator"], own)
            baselines = {name: rebuild(call) for name, call in data["baselines"].items()}
            result = cls(
                operator=built,
                signature=rebuild(data["signature"]),
                record=Record.from_json(data["record"]),
                limits=Limits.from_json(data["limits"]),
                baselines=baselines,
                expected_error=data["expected_error"],
                expected_growth=tuple(data.get("expected_growth", ())),
                origin=data["origin"],
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"{folder / 'surrogate.json'} is damaged: {error!r}") from error
        _load_weights(built, folder / "weights.safetensors")
        for number, baseline in enumerate(baselines.values()):
            _load_weights(baseline, folder / f"baseline-{number}.safetensors")
        return result


def _names(variables: tuple) -> str:
    return ", ".join(str(variable) for variable in variables)


def _save_weights(operator: Operator, path: Path) -> None:
    from safetensors.torch import save

    state = {k: v.detach().cpu().contiguous() for k, v in operator.state_dict().items()}
    # Python writes the bytes: a full disk is then an OSError like any other.
    write_atomically(path, lambda partial: partial.write_bytes(save(state)))


def _load_weights(operator: Operator, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(path)
        operator.load_state_dict(state)
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing: the surrogate's folder is not complete") from error
    except (SafetensorError, OSError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise FormatError(f"{path} does not hold the weights of this operator: {first}") from error
    operator.eval()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text())
        version = data["format"]
    except FileNotFoundError as error:
        raise DataError(
            f"{path.parent} holds no surrogate (no {path.name}): give the folder that "
            "`fredholm fit` printed"
        ) from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise FormatError(f"{path} cannot be read: {error!r}") from error
    if not isinstance(version, int) or version > FORMAT:
        raise FormatError(
            f"{path} has format {version}, this fredholm {__version__} reads up to {FORMAT}: "
            "install a later version"
        )
    return data
