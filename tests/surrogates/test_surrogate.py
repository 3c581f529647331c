"""A stored surrogate is the same surrogate, and refuses what it was not made for."""

import json
import random

import numpy as np
import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.errors import DataError, FormatError, FredholmError
from fredholm.fields import NOTHING, Field, Variable
from fredholm.metrics import relative_l2
from fredholm.operators import Operator
from fredholm.surrogates import Limits, Surrogate
from fredholm.systems import Card
from fredholm.systems.learn import Choices, learn
from fredholm.testing import band_limited, examine
from fredholm.training import Budget

GRID = Grid((16,), 2.0, periodic=True, units="m")
LABELS = (Variable("T", "K"),), (Variable("q", "W m-2"),)


def pairs(grid: Grid = GRID, n: int = 60, seed: int = 0) -> Samples:
    u = band_limited(grid, n=n, seed=seed).to(torch.float32)
    return Samples(u, u.with_values(u.values.roll(1, 1) ** 2), *LABELS)


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    hyper = {"modes": 5, "hidden_channels": 8, "layers": 2}
    return learn(pairs(), "fno", budget=Budget(steps=60), choices=Choices(hyper=hyper))


def test_saved_and_loaded_it_answers_the_same(surrogate, tmp_path):
    loaded = Surrogate.load(surrogate.save(tmp_path / "run"))
    inputs = pairs(seed=1).inputs
    assert torch.equal(surrogate.predict(inputs).mean.values, loaded.predict(inputs).mean.values)
    assert loaded.record == surrogate.record and loaded.signature == surrogate.signature
    first, second = (s.evaluate(pairs(seed=1)).to_json() for s in (surrogate, loaded))
    first.pop("seconds"), second.pop("seconds")
    assert first == second


def test_signatures_that_were_stored_with_grids_are_read(surrogate, tmp_path):
    path = surrogate.save(tmp_path / "run") / "surrogate.json"
    text = path.read_text()
    for side in ("input", "target"):
        assert text.count(f'"{side}_domain"') == 1
        text = text.replace(f'"{side}_domain"', f'"{side}_grid"')
    path.write_text(text)
    assert Surrogate.load(path.parent).signature == surrogate.signature


def test_prediction_has_coordinates_units_and_any_resolution(surrogate):
    fine = pairs(GRID.resized(64), seed=1)
    dataset = surrogate.predict(fine.inputs).to_xarray()
    assert dataset["q"].dims == ("sample", "x") and dataset["q"].attrs["units"] == "W m-2"
    assert np.allclose(dataset["x"], GRID.resized(64).points()[..., 0])
    assert dataset["x"].attrs["units"] == "m"
    coarse = surrogate.predict(fine.inputs, at=GRID.resized(8))
    assert coarse.mean.domain == GRID.resized(8)


def test_input_as_xarray_tensor_or_field_is_the_same(surrogate):
    from fredholm.data import to_xarray

    inputs = pairs(seed=1).inputs
    answers = [
        surrogate.predict(form).mean.values
        for form in (
            inputs,
            to_xarray(inputs, LABELS[0]),
            to_xarray(inputs, LABELS[0]).transpose("x", "sample"),
            inputs.values,
            inputs.values[..., 0].numpy(),
        )
    ]
    assert all(torch.equal(answer, answers[0]) for answer in answers)


def test_familiar_inputs_pass_and_strange_ones_are_flagged(surrogate):
    assert not surrogate.check(pairs(seed=5).inputs)
    inputs = pairs(seed=5).inputs
    larger = inputs.with_values(inputs.values * 20)
    assert "far from the training data" in surrogate.check(larger)[0]
    zigzag = inputs.with_values(inputs.values + 3 * (-1.0) ** torch.arange(16)[:, None])
    assert surrogate.check(zigzag)
    warnings = surrogate.predict(larger).warnings
    assert warnings and "warnings" in surrogate.predict(larger).to_xarray().attrs


def test_limits_do_not_depend_on_the_resolution():
    names = ("u",)
    limits = Limits.of(band_limited(GRID, n=50), names)
    again = Limits.of(band_limited(GRID.resized(128), n=50), names)
    assert limits.warnings(band_limited(GRID.resized(128), n=20, seed=3), names) == []
    assert np.allclose(limits.mean[4:], again.mean[4:], atol=1e-6)


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda d: d.rename(T="S"), "no variable 'T'"),
        (lambda d: d.rename(x="z"), "has dimensions"),
        (lambda d: d.assign_coords(x=("x", d["x"].values * 2, {"units": "m"})), "coordinate 'x'"),
        (lambda d: d.assign_coords(x=("x", d["x"].values, {"units": "km"})), "'km'"),
        (lambda d: d.assign(T=d["T"].assign_attrs(units="degC")), "'degC', expected 'K'"),
        (lambda d: d.where(d["x"] > 0.5), "NaN"),
        (lambda d: d.expand_dims(level=3), "dimensions"),
    ],
)
def test_labelled_inputs_of_another_kind_are_refused(surrogate, spoil, message):
    from fredholm.data import to_xarray

    dataset = to_xarray(pairs(seed=1).inputs, LABELS[0])
    with pytest.raises(DataError, match=message):
        surrogate.predict(spoil(dataset))


@pytest.mark.parametrize(
    "inputs, message",
    [
        (torch.zeros(3, 16, 2), "2 channels, expected 1: T"),
        (torch.zeros(16), "has shape"),
        (torch.full((3, 16), float("nan")), "3 of 3 inputs hold NaN"),
        (Field(torch.zeros(1, 16, 1), Grid((16,), 3.0, periodic=True, units="m")), "live on"),
        (Field(torch.zeros(1, 4, 4, 1), Grid((4, 4))), "live on"),
    ],
)
def test_other_inputs_of_another_kind_are_refused(surrogate, inputs, message):
    with pytest.raises(DataError, match=message):
        surrogate.predict(inputs)


def test_nothing_there_is_said_so(tmp_path):
    with pytest.raises(DataError, match="holds no surrogate"):
        Surrogate.load(tmp_path)


def test_a_file_name_is_no_samples(surrogate):
    with pytest.raises(DataError, match=r"as fredholm.read\(path\) gives them, got str"):
        surrogate.evaluate("test.nc")


def test_a_later_format_is_refused(surrogate, tmp_path):
    folder = surrogate.save(tmp_path)
    path = folder / "surrogate.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(FormatError, match="install a later version"):
        Surrogate.load(folder)


def test_damaged_files_are_refused_at_any_length(surrogate, tmp_path):
    folder = surrogate.save(tmp_path)
    draw = random.Random(0)
    for name in ("surrogate.json", "weights.safetensors", "baseline-1.safetensors"):
        content = (folder / name).read_bytes()
        for _ in range(8):
            (folder / name).write_bytes(content[: draw.randrange(len(content))])
            with pytest.raises(FredholmError):
                Surrogate.load(folder)
        (folder / name).write_bytes(content)
    assert Surrogate.load(folder)


class Gain(Operator):
    """u -> g u: an operator that is not part of fredholm."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(start))

    def forward(self, u, given=NOTHING, *, at=None):
        given.only()
        image = u.with_values(self.gain * u.values)
        return image if at is None else image.at(at)


def test_an_operator_of_ones_own_is_examined_trained_stored_and_loaded(tmp_path):
    examine(lambda: Gain(1.0), GRID)
    mine = Card("gain", "one number", "folklore", lambda task, *, start=1.0: Gain(start))
    surrogate = learn(pairs(), mine, budget=Budget(steps=30))
    folder = surrogate.save(tmp_path)
    with pytest.raises(FormatError, match="own="):
        Surrogate.load(folder)
    loaded = Surrogate.load(folder, own=[Gain])
    inputs = pairs(seed=1).inputs
    assert torch.equal(loaded.predict(inputs).mean.values, surrogate.predict(inputs).mean.values)


@pytest.mark.parametrize("trajectory", ["unrolled", "direct"])
def test_trajectories_are_learned_both_ways(trajectory, tmp_path):
    """Advection by one point per step: both forms beat persistence, the initial state alone."""
    u = band_limited(GRID, n=60).to(torch.float32)
    time = Axis(3, 0.0, 0.3, location="right", name="t")
    steps = torch.stack([u.values.roll(k, 1) for k in (1, 2, 3)], dim=1)
    targets = Field(steps, Grid.of(time, *GRID.axes))
    samples = Samples(u, targets, LABELS[0], LABELS[0])
    choices = Choices(hyper={"modes": 5, "hidden_channels": 12, "layers": 2}, trajectory=trajectory)
    trained = learn(samples, "fno", budget=Budget(steps=150), choices=choices)
    result = trained.evaluate(samples)
    assert result.relative_l2 < 0.5 * float(result.baselines["persistence"].mean())
    assert trained.predict(u).to_xarray()["T"].dims == ("sample", "t", "x")
    loaded = Surrogate.load(trained.save(tmp_path))
    assert torch.equal(loaded.predict(u).mean.values, trained.predict(u).mean.values)


def test_parameters_of_the_equation_are_used():
    """u -> nu u with nu as a parameter: solvable only by looking at it."""
    u = band_limited(GRID, n=80).to(torch.float32)
    nu = torch.rand(80, 1, generator=torch.Generator().manual_seed(0)) * 2
    targets = u.with_values(nu[:, :, None] * u.values)
    samples = Samples(u, targets, *LABELS, params=nu, param_variables=(Variable("nu"),))
    choices = Choices(hyper={"modes": 5, "hidden_channels": 12, "layers": 2})
    trained = learn(samples, "fno", budget=Budget(steps=200), choices=choices)
    assert trained.evaluate(samples).relative_l2 < 0.2
    answer = trained.predict(u, params=nu)
    assert float(relative_l2(answer.mean, targets).mean()) < 0.2 and not answer.warnings
    assert "extrapolates" in trained.predict(u, params=nu + 5).warnings[0]
    with pytest.raises(DataError, match="needs params"):
        trained.predict(u)
