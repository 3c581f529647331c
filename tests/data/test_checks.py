import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fredholm.data import Samples, read
from fredholm.data.checks import Report, check
from fredholm.data.generate import generate
from fredholm.domains import Axis, Grid
from fredholm.equations import div, dt, eq, field, lap, param
from fredholm.fields import Field, Variable
from fredholm.problems import Problem
from fredholm.problems.priors import GaussianField


def burgers(nu: float = 0.05) -> Problem:
    u = field("u", units="m/s")
    return Problem(
        key="burgers-test",
        title="Burgers",
        equations={"u": eq(dt(u) + div(u**2 / 2), param("nu", nu) * lap(u))},
        domain=Grid((32,), periodic=True, units="m"),
        time=Axis(41, 0.0, 0.5, name="t", units="s"),
        varies={"u": GaussianField(3.0, 5.0)},
    )


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return read(generate(burgers(), 24, path=tmp_path_factory.mktemp("d") / "a.nc", tol=1e-7))


def kinds(report: Report, severity: str) -> set[str]:
    return {finding.kind for finding in report.findings if finding.severity == severity}


def changed(samples: Samples, change: Callable[[torch.Tensor], object], side: str) -> Samples:
    u = getattr(samples, side)
    values = u.values.clone()
    change(values)
    return replace(samples, **{side: u.with_values(values)})


def test_good_samples_pass(good: Samples) -> None:
    report = check(good, problem=burgers())
    assert report.ok and not kinds(report, "warning"), str(report)
    assert {"equation", "residual"} <= kinds(report, "info")
    assert json.loads(json.dumps(report.to_json()))["ok"] is True


def _set(index, value: float) -> Callable[[torch.Tensor], object]:
    return lambda values: values.__setitem__(index, value)


def _copy(target: int, source: int, factor: float = 1.0) -> Callable[[torch.Tensor], object]:
    return lambda values: values[target].copy_(values[source] * factor)


@pytest.mark.parametrize(
    ("side", "change", "severity", "kind", "samples"),
    [
        ("inputs", _set((7, 3), torch.nan), "error", "finite", (7,)),
        ("targets", _set((5, 2, 3), torch.inf), "error", "finite", (5,)),
        ("inputs", _set(4, 2.5), "warning", "constant", (4,)),
        ("targets", lambda v: v[6].copy_(v[6, :1].expand_as(v[6])), "warning", "stationary", (6,)),
        ("targets", lambda v: v.copy_(v[:1].expand_as(v)), "error", "constant", ()),
        ("targets", lambda v: v[9].mul_(1e3), "warning", "range", (9,)),
        ("targets", _set((8, 4, 5), 1e3), "warning", "outlier", (8,)),
        ("inputs", _copy(3, 1), "error", "duplicates", (3,)),
        ("inputs", _copy(3, 1, 1.001), "warning", "duplicates", (3,)),
        ("targets", lambda v: v[:, :, -1].copy_(v[:, :, 0]), "error", "seam", ()),
    ],
)
def test_each_defect_is_found(
    good: Samples, side: str, change: Callable, severity: str, kind: str, samples: tuple
) -> None:
    found = check(changed(good, change, side)).findings
    assert any(f.severity == severity and f.kind == kind and f.samples == samples for f in found), (
        "\n".join(map(str, found))
    )


def test_a_repeated_sample_is_no_error_but_told(good: Samples) -> None:
    report = check(good[[0, 1, 2, 3, 1]])
    assert report.ok and "duplicates" in kinds(report, "warning")


def test_a_wrong_coefficient_is_found(good: Samples) -> None:
    report = check(good, problem=burgers(nu=0.1))
    assert {"equation", "residual"} <= kinds(report, "error") | kinds(report, "warning")


def test_a_wrong_equation_is_found_by_its_residual(good: Samples) -> None:
    # A speed that is doubled is a trajectory seen at the wrong times.
    faster = replace(good.targets.grid.axes[0], stop=0.25)
    grid = Grid.of(faster, *good.inputs.grid.axes)
    report = check(replace(good, targets=Field(good.targets.values, grid)), problem=burgers())
    assert {"equation", "residual"} <= kinds(report, "error"), str(report)


def test_too_few_frames_for_a_residual_are_said_and_do_not_stop_the_check(good: Samples) -> None:
    time = replace(good.targets.grid.axes[0], size=6, stop=0.0625)
    grid = Grid.of(time, *good.inputs.grid.axes)
    report = check(replace(good, targets=Field(good.targets.values[:, :6], grid)))
    assert "no residual: it takes 9 frames" in str(report) and not kinds(report, "error")


@pytest.mark.parametrize(("declared", "severity"), [(0.4, "info"), (0.2, "warning")])
def test_speed_that_the_file_states_is_compared_with_the_data(
    declared: float, severity: str
) -> None:
    generator = torch.Generator().manual_seed(0)
    grid = Grid.of(Axis(21, name="t"), Axis(32, periodic=True))
    t, x = grid.points().unbind(-1)
    phases = torch.rand(12, 1, 1, 3, generator=generator, dtype=torch.float64)
    modes = torch.arange(1, 4)
    waves = torch.sin(2 * torch.pi * (modes * (x - 0.4 * t)[..., None] + phases)).sum(-1)
    values = waves[..., None]
    label = (Variable("u"),)
    origin = {"parameters": {"beta": declared}}
    inputs = Field(values[:, 0], Grid((32,), periodic=True))
    report = check(Samples(inputs, Field(values, grid), label, label, origin=origin))
    assert "coefficients" in kinds(report, severity), str(report)


def test_leakage_is_found_across_resolutions(good: Samples) -> None:
    def coarse(u: Field) -> Field:
        return Field(u.values[..., ::2, :], u.grid.resized([*u.grid.shape[:-1], 16]))

    train = replace(good, inputs=coarse(good.inputs), targets=coarse(good.targets))
    report = check(good[20:], other=train)
    assert not report.ok and "leakage" in kinds(report, "error")
    report = check(good[20:], other=train[:20])
    assert report.ok and "leakage" in kinds(report, "info")


def test_another_kind_of_file_is_not_compared_in_silence(good: Samples) -> None:
    grid = Grid((32,), 2.0, periodic=True, units="m")
    other = replace(good, inputs=Field(good.inputs.values, grid))
    assert "leakage" in kinds(check(good, other=other), "error")


def test_real_files(shared_data: Path) -> None:
    folder = shared_data / "neuraloperator"
    train, coarse, fine = (
        read(folder / f"darcy_{name}.pt") for name in ("train_16", "test_16", "test_32")
    )
    report = check(train)
    # The solution of sample 767 has -0.43 on its boundary, where the others have 0.005 or less.
    assert [f.samples for f in report.findings if f.kind == "outlier"] == [(767,)]
    assert report.ok
    assert "leakage" in kinds(check(coarse, other=train), "info")
    leaking = [f for f in check(fine, other=coarse).findings if f.kind == "leakage"]
    assert leaking[0].severity == "error" and len(leaking[0].samples) == 50
    viscosity = [
        f for f in check(read(folder / "burgers_train_16.pt")).findings if f.kind == "coefficients"
    ]
    assert viscosity[0].severity == "info" and "visc = 0.01" in viscosity[0].message
