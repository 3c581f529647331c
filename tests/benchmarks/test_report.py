"""The report says what was measured, warns when it must and only then, and cannot be broken."""

import base64
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from html_page import Page
from known_reports import GRIDS, TIME, samples, surrogate, with_errors
from matplotlib.figure import Figure

from fredholm.benchmarks import write_report
from fredholm.benchmarks.description import trained_on
from fredholm.benchmarks.pictures import case_pictures
from fredholm.benchmarks.results import results
from fredholm.benchmarks.verdict import concerns, headline
from fredholm.benchmarks.wording import duration, number, percent
from fredholm.data import forecast
from fredholm.domains import Grid
from fredholm.fields import Field, NamedSymmetry
from fredholm.metrics import distribution, relative_l2

BETTER = {"train mean": 0.5, "nearest neighbour": 0.4}


@pytest.fixture(scope="module")
def line():
    """A surrogate of functions on a line, test samples and their evaluation."""
    trained = surrogate(samples(GRIDS["1d"], count=40))
    tests = samples(GRIDS["1d"], seed=1)
    return trained, tests, trained.evaluate(tests)


@pytest.fixture
def undrawn(monkeypatch):
    """Leaves the drawing out, where the words are in question."""

    def savefig(figure, buffer, **settings):
        buffer.write(b"<?xml?>")

    monkeypatch.setattr(Figure, "savefig", savefig)


def written(tmp_path, trained, evaluations, **changes):
    settings = {"command": "fredholm fit waves.nc", **changes}
    return Page(write_report(tmp_path / "report.html", trained, evaluations, **settings))


@pytest.mark.parametrize(
    ("kind", "time"), [*((k, None) for k in GRIDS), ("1d", TIME), ("2d", TIME)]
)
def test_every_kind_of_domain_gives_a_whole_page(tmp_path, kind, time):
    trained = surrogate(samples(GRIDS[kind], time=time), history=time is None)
    tests = samples(GRIDS[kind], time=time, seed=1)
    page = written(tmp_path, trained, {"test": (tests, trained.evaluate(tests))})
    assert len(page.all("img")) >= 8
    assert all(image["alt"] for image in page.all("img"))
    size = (tmp_path / "report.html").stat().st_size
    assert size < 2 * 2**20


def test_nothing_outside_the_page_is_needed(tmp_path, line):
    trained, tests, evaluation = line
    page = written(tmp_path, trained, {"test": (tests, evaluation)})
    addresses = [a[key] for _, a in page.tags for key in ("src", "href", "action") if key in a]
    assert addresses and all(address.startswith("data:image/") for address in addresses)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    style = (tmp_path / "report.html").read_text(encoding="utf-8").partition("</style>")[0]
    assert "url(" not in style and "@import" not in style
    for address in addresses:
        kind, _, content = address.partition(";base64,")
        decoded = base64.b64decode(content, validate=True)
        assert decoded.startswith(b"\x89PNG" if kind.endswith("png") else b"<?xml")


def test_the_figures_are_those_of_the_evaluation(tmp_path, line, undrawn):
    trained, tests, evaluation = line
    text = written(tmp_path, trained, {"some test": (tests, evaluation)}).text
    for errors in (evaluation.errors, *evaluation.baselines.values()):
        assert " ".join(percent(v) for v in distribution(errors).values()) in text
    for chosen in (evaluation.typical, evaluation.worst):
        assert (
            f"number {chosen}, relative error {percent(float(evaluation.errors[chosen]))}" in text
        )
    for error in evaluation.bands.values():
        assert (percent(error) if error < 10 else "above 1000%") in text
    assert "1 234" in text and "fredholm fit waves.nc" in text and "x is taken as periodic" in text
    assert "waves.nc" in text and "secret" not in text


def test_the_pictures_show_the_sample_that_they_name(line, monkeypatch, undrawn):
    """The error that is drawn has the norm that stands above it."""
    trained, tests, evaluation = line
    drawn = []

    def spy(case, predicted):
        drawn.append(float(relative_l2(predicted, case.targets)))
        return case_pictures(case, predicted)

    monkeypatch.setattr("fredholm.benchmarks.results.case_pictures", spy)
    results("test", trained, tests, evaluation)
    expected = [float(evaluation.errors[i]) for i in (evaluation.typical, evaluation.worst)]
    assert drawn == pytest.approx(expected, rel=1e-5)


def test_a_trajectory_is_reported_as_the_forecast_that_was_evaluated(tmp_path, undrawn):
    """Stored trajectories begin with their input, which is no answer and not drawn as one."""
    space = GRIDS["1d"]
    later = replace(TIME, size=5, location="node")
    stored = samples(space, count=30, time=later)
    stored = replace(stored, inputs=Field(stored.targets.values[:, 0], space))
    trained = surrogate(forecast(stored), history=False)
    page = written(tmp_path, trained, {"test": (stored, trained.evaluate(stored))})
    assert "t: 4 on [0, 1] s (right ends)" in page.text


def test_a_good_surrogate_is_not_warned_of(tmp_path, line, undrawn):
    trained, tests, evaluation = line
    validated = trained.record.best.validation
    good = with_errors(evaluation, validated, BETTER, reference_error=torch.full((12,), 1e-3))
    assert concerns(trained, {"test": (tests, good)}) == []
    page = written(tmp_path, trained, {"test": (tests, good)})
    assert not {"concern", "alarm", "failed"} & page.classes()
    best = good.errors.mean() / good.baselines["nearest neighbour"].mean()
    assert f"Expect an error of about {percent(validated)}" in page.text
    assert f"nearest neighbour, makes 40.0% (ratio {number(float(best))})" in page.text


WRONG = {
    "worse than a baseline": (dict(baselines={"train mean": 0.1}), "alarm", "does not beat"),
    "hardly better": (dict(baselines={"train mean": 0.24}), "caution", "hardly better"),
    "far inputs": (dict(warnings=("3 of 12 inputs are far off.",)), "caution", "3 of 12 inputs"),
    "bad reference": (dict(reference=0.05), "caution", "estimated error of the reference"),
    "unlike validation": (dict(mean=0.7), "caution", "not like those of the training"),
    "too good": (dict(mean=0.05), "caution", "overlaps with them"),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_reason_for_doubt_is_named(tmp_path, line, case, undrawn):
    trained, tests, evaluation = line
    given, level, sentence = WRONG[case]
    wrong = with_errors(
        evaluation,
        given.get("mean", trained.record.best.validation),
        given.get("baselines", {"train mean": 0.9}),
        warnings=given.get("warnings", ()),
        reference_error=torch.full((12,), given["reference"]) if "reference" in given else None,
    )
    found = concerns(trained, {"test": (tests, wrong)})
    assert [concern.level for concern in found] == [level] and sentence in found[0].text
    page = written(tmp_path, trained, {"test": (tests, wrong)})
    assert found[0].text in page.text and level in page.classes()
    assert ("failed" in page.classes()) == (level == "alarm")
    assert page.text.count("Do not use this surrogate") == (level == "alarm")


@pytest.mark.parametrize("count", [12, 36])
def test_a_handful_of_test_samples_is_no_evidence_of_another_kind(line, count):
    """One odd sample among a dozen makes such a difference, among three dozen it does not."""
    trained, tests, evaluation = line
    error = 1.7 * trained.record.best.validation
    found = with_errors(evaluation, error, {"train mean": 0.9})
    found = replace(found, errors=found.errors.repeat(count // 12))
    sentences = [concern.text for concern in concerns(trained, {"test": (tests, found)})]
    assert len(sentences) == (count > 12)
    assert all("not like those of the training" in sentence for sentence in sentences)


def test_what_was_trained_on_is_named_as_it_was_seen(line):
    trained, _, _ = line
    assert trained_on(trained) == "40 samples"
    steps = replace(trained, signature=replace(trained.signature, step=TIME))
    assert trained_on(steps) == "40 steps"


def test_provenance_reads_as_it_was_written(tmp_path, line, undrawn):
    """Calls as calls, symmetries as maps, and nothing of how they are stored."""
    trained, tests, evaluation = line
    odd = NamedSymmetry(("x",), (0,), (True,), {"u": ("u", -1)})
    same = NamedSymmetry.identity(("x",))
    origin = {
        "shapes": {"call": "fredholm.problems.shapes:StarShapes", "radius": 0.3},
        "derived_symmetries": [same.to_json(), odd.to_json()],
    }
    page = written(tmp_path, replace(trained, origin=origin), {"test": (tests, evaluation)})
    assert "StarShapes(radius=0.3)" in page.text and "x -> -x, u -> -u" in page.text
    assert "call=" not in page.text and "flips" not in page.text


def test_a_loss_of_resolution_is_named_as_such(line):
    trained, _, _ = line
    finer = samples(GRIDS["1d"].resized(96), seed=1)
    found = trained.evaluate(finer)
    worse = with_errors(found, 0.5, {"train mean": 0.9})
    (concern,) = concerns(trained, {"fine": (finer, worse)})
    assert "has 96 points, the training samples have 24" in concern.text
    tests = samples(GRIDS["1d"], seed=1)
    values = tests.targets.values[:, None].expand(-1, TIME.size, -1, -1)
    rolled = replace(tests, targets=Field(values, Grid.of(TIME, *GRIDS["1d"].axes)))
    found = concerns(trained, {"rollouts of a step": (rolled, worse)})
    assert not any("points" in concern.text for concern in found)


def test_predictions_that_are_not_finite_fail(tmp_path, line):
    trained, tests, evaluation = line
    errors = evaluation.errors.clone()
    errors[3] = torch.inf
    broken = replace(evaluation, errors=errors)
    assert headline(broken) == "Do not use this surrogate: 1 of 12 predictions are not finite."
    page = written(tmp_path, trained, {"test": (tests, broken)})
    assert "alarm" in page.classes() and "∞" in page.text


def test_hostile_names_stay_text(tmp_path, line):
    trained, tests, evaluation = line
    bad = "</title><script>alert(1)</script><img src=http://x.y/z onerror='a'>\"&amp; $x_{$"
    labels = (replace(tests.target_variables[0], name=bad),)
    shape = replace(trained.signature, targets=labels)
    settings = {**trained.record.settings, "objective": bad}
    hostile = replace(
        trained,
        signature=shape,
        record=replace(trained.record, settings=settings),
        origin={"title": bad, "assumed": [bad], bad: {bad: [bad]}},
    )
    tests = replace(tests, target_variables=labels, origin={})
    evaluation = replace(evaluation, warnings=(bad,), baselines={bad: evaluation.errors})
    page = written(tmp_path, hostile, {bad: (tests, evaluation)}, command=bad, seconds={bad: 1.0})
    assert not page.all("script")
    assert all(image["src"].startswith("data:") for image in page.all("img"))
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert page.text.count(bad) >= 10


def test_a_closed_form_has_no_curves(tmp_path, line, undrawn):
    trained, tests, evaluation = line
    plain = surrogate(samples(GRIDS["1d"], count=40), history=False)
    page = written(tmp_path, plain, {"test": (tests, evaluation)})
    assert "not trained step by step" in page.text
    curves = written(tmp_path, trained, {"test": (tests, evaluation)})
    assert len(curves.all("img")) == len(page.all("img")) + 2


def test_training_without_validation_says_which_weights_it_kept(tmp_path, line):
    trained, tests, evaluation = line
    moments = tuple(replace(moment, validation=None) for moment in trained.record.history)
    record = replace(trained.record, history=moments[:1], best=moments[0])
    page = written(tmp_path, replace(trained, record=record), {"test": (tests, evaluation)})
    assert "No samples were held out" in page.text


def test_each_set_of_test_samples_has_its_row_and_section(tmp_path, line, undrawn):
    trained, tests, evaluation = line
    finer = samples(GRIDS["1d"].resized(48), seed=2)
    sets = {"coarse": (tests, evaluation), "fine": (finer, trained.evaluate(finer))}
    text = written(tmp_path, trained, sets).text
    assert "Results on coarse" in text and "Results on fine" in text
    assert re.search(r"coarse 12 24 ", text) and re.search(r"fine 12 48 ", text)


def test_the_same_run_gives_the_same_page(tmp_path, line):
    trained, tests, evaluation = line
    pages = []
    for name in ("one.html", "two.html"):
        path = write_report(tmp_path / name, trained, {"t": (tests, evaluation)}, command="c")
        pages.append(path.read_bytes())
    assert pages[0] == pages[1]


def test_a_report_on_nothing_is_refused(tmp_path, line):
    with pytest.raises(ValueError, match="at least one set of test samples"):
        write_report(tmp_path / "r.html", line[0], {}, command="c")
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0831, "8.31%"), (1.2345, "123%"), (0.0999951, "10.0%"), (0.01, "1.00%"), (0, "0"),
        (1.234e-6, "1.23 × 10⁻⁶"), (9.999e-6, "1.00 × 10⁻⁵"), (np.inf, "∞"), (123.4, "12340%"),
        (np.nan, "not a number"),
    ],
)  # fmt: skip
def test_percentages_have_three_digits(value, text):
    assert percent(value) == text


def test_durations_read_well():
    assert [duration(s) for s in (0.00123, 12.34, 599, 3600, 7380)] == [
        "1.23 ms", "12.3 s", "599 s", "60 min", "2 h 03 min",
    ]  # fmt: skip
