"""Reports of surrogates that move: the figures over time are those of the metrics."""

import re
from dataclasses import replace

import pytest
import torch
from html_page import Page
from known_reports import GRIDS, TIME, samples, surrogate
from matplotlib.figure import Figure

from fredholm.benchmarks import write_report
from fredholm.benchmarks.energy import bands_over_time, spectra_over_time
from fredholm.benchmarks.growth import divergence, error_growth, valid
from fredholm.benchmarks.motion import drifts, motion
from fredholm.benchmarks.wording import percent, place
from fredholm.data import Samples, one_step
from fredholm.domains import Axis, Grid
from fredholm.equations import field, to_json
from fredholm.fields import Field, Variable
from fredholm.metrics import error_curve, gmean, relative_l2
from fredholm.operators import ClosedForm


class Growing(ClosedForm):
    """u(t) = u₀ e^{rate·t} at all times: a forecast whose error is known."""

    def __init__(self, time: Axis, rate: float) -> None:
        super().__init__()
        self.time, self.rate = time, rate

    def fit(self, inputs, targets):
        return self

    def forward(self, u, given=None, *, at=None):
        factor = torch.exp(self.rate * self.time.points()).to(u.values)
        values = u.values[:, None] * factor.reshape(1, -1, *[1] * (u.values.ndim - 1))
        return Field(values, Grid.of(self.time, *u.grid.axes))


def still(space: Grid, time: Axis, *, count: int = 6) -> Samples:
    """Functions that do not move, so that the error of `Growing` is e^{rate·t} - 1."""
    label = (Variable("u", "K"),)
    u0 = samples(space, count=count).inputs
    values = u0.values[:, None].repeat(1, time.size, *[1] * (space.dim + 1))
    return Samples(u0, Field(values, Grid.of(time, *space.axes)), label, label)


def growing(space: Grid, time: Axis, rate: float):
    """A surrogate that is wrong by e^{rate·t} - 1, and test samples."""
    tests = still(space, time)
    trained = surrogate(tests, history=False)
    return replace(trained, operator=Growing(time, rate)), tests


def moving(space: Grid, time: Axis, rate: float):
    found = motion(*growing(space, time, rate))
    assert found is not None
    return found


@pytest.fixture
def undrawn(monkeypatch):
    """Leaves the drawing out, where the words are in question."""

    def savefig(figure, buffer, **settings):
        buffer.write(b"<?xml?>")

    monkeypatch.setattr(Figure, "savefig", savefig)


def written(tmp_path, trained, tests, **others) -> Page:
    sets = {"test": tests, **others}
    evaluations = {name: (each, trained.evaluate(each)) for name, each in sets.items()}
    return Page(write_report(tmp_path / "report.html", trained, evaluations, command="c"))


@pytest.mark.parametrize("kind", ["1d", "2d", "3d"])
def test_the_page_of_a_forecast_is_whole_small_and_alone(tmp_path, kind):
    trained = surrogate(samples(GRIDS[kind], time=TIME), history=False)
    page = written(tmp_path, trained, samples(GRIDS[kind], time=TIME, seed=1))
    assert "film" in page.classes() and len(page.all("script")) == 1
    addresses = [a[key] for _, a in page.tags for key in ("src", "href", "action") if key in a]
    assert all(address.startswith("data:image/") for address in addresses)
    assert not {"link", "iframe", "object"} & {tag for tag, _ in page.tags}
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "url(" not in text and "@import" not in text
    # Namespaces inside the figures are names, and base64 has no colons.
    assert not re.findall(r"https?://", text)
    assert len(text) < 1_500_000


def test_steady_surrogates_run_no_script(tmp_path, undrawn):
    trained = surrogate(samples(GRIDS["1d"]), history=False)
    page = written(tmp_path, trained, samples(GRIDS["1d"], seed=1))
    assert not page.all("script") and "film" not in page.classes()
    assert "Forecasts on" not in page.text


def test_the_numbers_are_those_of_the_metrics(tmp_path, undrawn):
    trained, tests = growing(GRIDS["1d"], TIME, 0.3)
    page = written(tmp_path, trained, tests)
    times = TIME.points()
    for moment in (0, -1):
        error = float(torch.exp(0.3 * times[moment]) - 1)
        row = f"median error at t = {place(float(times[moment]), 's')} {percent(error)} 0"
        assert row in page.text
    found = motion(trained, tests)
    mean = gmean(error_curve(found.predicted, found.truth))
    assert f"GMean over 4 times {percent(mean)} 0" in page.text
    assert "median valid time ≥ 1 s ≥ 1 s" in page.text
    assert "valid to the end 6 of 6 6 of 6" in page.text and "not finite 0 of 6" in page.text


def test_the_films_are_those_of_the_named_samples(tmp_path, undrawn):
    trained = surrogate(samples(GRIDS["1d"], time=TIME), history=False)
    tests = samples(GRIDS["1d"], time=TIME, seed=1)
    evaluation = trained.evaluate(tests)
    page = written(tmp_path, trained, tests)
    for name, chosen in (("Median", evaluation.typical), ("Worst", evaluation.worst)):
        error = percent(float(evaluation.errors[chosen]))
        assert f"{name} forecast: sample {chosen}, relative error {error}" in page.text


def test_only_the_first_set_has_films(tmp_path, undrawn):
    trained = surrogate(samples(GRIDS["1d"], time=TIME), history=False)
    sets = [samples(GRIDS["1d"], time=TIME, seed=seed) for seed in (1, 2)]
    page = written(tmp_path, trained, sets[0], other=sets[1])
    assert "Forecasts on test" in page.text and "Forecasts on other" in page.text
    assert sum(a.get("class") == "film" for a in page.all("figure")) == 2


def test_a_step_is_repeated_through_the_trajectory(tmp_path, undrawn):
    """A step that doubles makes 2, 4, 8, ... of a state that stays."""
    time = Axis(5, 0.0, 2.0, name="t", units="s")
    stored = still(GRIDS["1d"], time)
    trained = surrogate(one_step(stored), history=False)

    class Doubling(Growing):
        def forward(self, u, given=None, *, at=None):
            return u.with_values(2 * u.values)

    trained = replace(trained, operator=Doubling(time, 0.0))
    page = written(tmp_path, trained, stored)
    assert "t = 2 s in 4 steps, each from the answer of the one before" in page.text
    assert "median error at t = 0.5 s 100%" in page.text
    assert "median error at t = 2 s 1500%" in page.text


def test_forecasts_that_leave_the_finite_numbers_are_counted_and_drawn(tmp_path):
    trained, tests = growing(GRIDS["2d"], TIME, 140.0)
    found = motion(trained, tests)
    assert divergence(found) == 0.75
    page = written(tmp_path, trained, tests)
    assert "not finite 6 of 6 0 of 6" in page.text
    assert "GMean over 4 times ∞ 0" in page.text and "film" in page.classes()
    assert "Do not use this surrogate: 6 of 6 predictions are not finite." in page.text


def test_a_forecast_that_is_nowhere_finite_is_still_a_page(tmp_path):
    trained, tests = growing(GRIDS["1d"], TIME, float("nan"))
    page = written(tmp_path, trained, tests)
    assert "What is not finite is left out." in page.text and "not finite 6 of 6" in page.text


@pytest.mark.parametrize("kind", ["1d", "2d"])
def test_one_time_is_enough(tmp_path, kind):
    once = replace(TIME, size=1)
    trained, tests = growing(GRIDS[kind], once, 0.1)
    page = written(tmp_path, trained, tests)
    assert "From the given state to t = 1 s in 1 time." in page.text


def test_the_valid_time_is_told_where_it_is_reached():
    found = moving(GRIDS["1d"], TIME, 0.1)
    assert valid(found.predicted, found.truth) == (1.0, True)
    assert "to the end" in error_growth(found)
    values = found.predicted.values.clone()
    values[:, 2:] *= -1
    lost = replace(found, predicted=found.predicted.with_values(values))
    assert valid(lost.predicted, lost.truth) == (0.75, False)
    assert "within 0.75 s, the valid time" in error_growth(lost)


def test_it_is_told_from_when_on_persistence_is_as_good():
    """Of a state that stays persistence is right; of its negative, everything is better."""
    assert "At t = 0.25 s they are no better than persistence." in error_growth(
        moving(GRIDS["1d"], TIME, 0.1)
    )
    trained = surrogate(samples(GRIDS["1d"], time=TIME), history=False)
    tests = samples(GRIDS["1d"], time=TIME, seed=1)
    tests = replace(tests, input_variables=tests.target_variables)
    good = replace(motion(trained, tests), predicted=tests.targets)
    assert good.persistence is not None and "persistence." not in error_growth(good)


def test_without_a_state_as_input_there_is_no_persistence():
    trained = surrogate(samples(GRIDS["1d"], time=TIME), history=False)
    found = motion(trained, samples(GRIDS["1d"], time=TIME))
    assert found.persistence is None and "persistence" not in error_growth(found)


def test_only_functions_of_space_and_time_are_forecasts():
    trained = surrogate(samples(GRIDS["1d"]), history=False)
    assert motion(trained, samples(GRIDS["1d"])) is None
    series = Grid.of(TIME)
    tests = samples(series)
    assert motion(surrogate(tests, history=False), tests) is None


def test_the_errors_of_the_motion_are_those_of_the_evaluation():
    trained = surrogate(samples(GRIDS["2d"], time=TIME), history=False)
    tests = samples(GRIDS["2d"], time=TIME, seed=1)
    found = motion(trained, tests)
    assert torch.allclose(found.errors, trained.evaluate(tests).errors)
    assert torch.equal(found.errors, relative_l2(found.predicted, tests.targets))


def test_many_large_trajectories_are_thinned_and_said_to_be(monkeypatch, tmp_path, undrawn):
    monkeypatch.setattr("fredholm.benchmarks.motion._LARGEST", 1)
    monkeypatch.setattr("fredholm.benchmarks.motion._FEWEST", 3)
    trained, tests = growing(GRIDS["1d"], TIME, 0.1)
    assert len(motion(trained, tests).samples) == 3
    assert "in 4 times; the first 3 of 6." in written(tmp_path, trained, tests).text


def test_drift_is_told_where_something_is_conserved(tmp_path, undrawn):
    trained, tests = growing(GRIDS["1d"], TIME, 0.3)
    energy = field("u") ** 2
    stated = {"energy": {"text": str(energy), "tree": to_json(energy)}, "mass": "u", "odd": "v"}
    tests = replace(tests, origin={"conserved": stated, "parameters": {"nu": 0.1, "kind": "x"}})
    found = dict(drifts(motion(trained, tests)))
    assert set(found) == {"energy", "mass"}
    grown = torch.full((6,), float(torch.exp(torch.tensor(0.6))) - 1, dtype=torch.float64)
    assert torch.allclose(found["energy"]["surrogate"], grown, rtol=1e-5)
    assert (found["energy"]["truth"] < 1e-14).all()
    text = written(tmp_path, replace(trained, origin=tests.origin), tests).text
    assert "energy=u**2, mass=u" in text
    assert f"energy {percent(float(found['energy']['surrogate'].median()))} " in text


def test_a_density_that_cannot_be_evaluated_is_left_out():
    trained, tests = growing(GRIDS["1d"], TIME, 0.3)
    missing = field("u") * field("v")
    tests = replace(tests, origin={"conserved": {"odd": {"tree": to_json(missing)}}})
    assert dict(drifts(motion(trained, tests))) == {}


def test_bands_without_energy_are_no_curves():
    """Three waves have no energy beyond k = 12 once they are kept apart from rounding."""
    space = GRIDS["1d"]
    wave = torch.sin(2 * torch.pi * 2 * space.points()[:, 0])
    found = moving(space, TIME, 0.1)
    values = wave.reshape(1, 1, -1, 1).expand(6, TIME.size, -1, 1)
    truth = Field(values, found.truth.grid)
    found = replace(
        found,
        samples=replace(found.samples, targets=truth),
        predicted=truth.with_values(1.1 * values),
    )
    from fredholm.benchmarks.energy import _band_errors, _finite

    errors = _band_errors(*_finite(found, 0))
    assert errors["low"] == pytest.approx(0.1)
    assert errors["mid"] != errors["mid"] and errors["high"] != errors["high"]
    assert bands_over_time(found) and spectra_over_time(found)


def test_hostile_names_stay_text_in_films(tmp_path):
    bad = "</canvas><script>alert(1)</script>\" ' onload='a' &quot; $x_{$"
    trained, tests = growing(GRIDS["1d"], replace(TIME, units=bad), 0.1)
    label = (Variable(bad, bad),)
    tests = replace(tests, input_variables=label, target_variables=label)
    page = written(tmp_path, trained, tests)
    assert len(page.all("script")) == 1
    assert not any("onload" in attributes for _, attributes in page.tags)
    assert all(canvas["aria-label"].startswith((bad, "error")) for canvas in page.all("canvas"))
