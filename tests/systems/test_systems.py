"""Cards build what they say, refuse what they do not know, and their experiments measure."""

import pytest
import torch

from fredholm import systems
from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.errors import FredholmError
from fredholm.fields import Field, Variable
from fredholm.systems import deeponet, fno
from fredholm.systems.learn import Choices, learn
from fredholm.systems.wrapping import build
from fredholm.testing import band_limited
from fredholm.training import Budget

U = (Variable("u"),)
LINE, BOX = Grid((16,), periodic=True), Grid((12, 12), location="left")

ELSEWHERE = {"beno", "mmgp", "sfno", "spon"}
"""Systems with tests of their own: they need boundaries, meshes or trajectories."""
LEARNING = [
    key for key in sorted(systems.keys()) if systems.card(key).build and key not in ELSEWHERE
]


def identity(grid: Grid, n: int = 48) -> Samples:
    u = band_limited(grid, n=n).to(torch.float32)
    return Samples(u, u.with_values(2 * u.values), U, U)


@pytest.mark.parametrize("grid", [LINE, BOX], ids=["line", "box"])
@pytest.mark.parametrize("key", LEARNING)
def test_every_system_is_built_trained_and_asked(key, grid):
    surrogate = learn(identity(grid), key, budget=Budget(steps=3))
    errors = surrogate.evaluate(identity(grid)).errors
    assert torch.isfinite(errors).all()
    finer = surrogate.predict(identity(grid.resized([n + 5 for n in grid.shape])).inputs)
    assert torch.isfinite(finer.mean.values).all()
    card = systems.card(key)
    assert card.key == key and card.title and card.reference and card.for_use


def test_unknown_names_are_answered_with_a_near_one():
    with pytest.raises(FredholmError, match="did you mean 'deeponet'"):
        systems.card("deponet")
    with pytest.raises(FredholmError, match="no hyper-parameter 'mode': did you mean 'modes'"):
        learn(identity(LINE), "fno", choices=Choices(hyper={"mode": 3}))
    with pytest.raises(FredholmError, match="cannot be built so"):
        learn(identity(LINE), "fno", choices=Choices(hyper={"modes": 0}))
    with pytest.raises(FredholmError, match="unknown symmetry 'sqare'"):
        learn(identity(LINE), "fno", choices=Choices(symmetry="sqare"))
    with pytest.raises(FredholmError, match="such as Budget\\(seconds=60\\), got 60"):
        learn(identity(LINE), budget=60)  # type: ignore[arg-type]
    with pytest.raises(FredholmError, match="got str: read a file with fredholm.read"):
        learn("train.nc")  # type: ignore[arg-type]
    with pytest.raises(FredholmError, match="device 'tpu9'"):
        learn(identity(LINE), "fno", choices=Choices(device="tpu9"))


def test_the_seed_decides_everything():
    first, second, third = (
        learn(identity(LINE), "fno", budget=Budget(steps=5), seed=seed) for seed in (1, 1, 2)
    )
    question = identity(LINE).inputs
    answers = [s.predict(question).mean.values for s in (first, second, third)]
    assert torch.equal(answers[0], answers[1]) and not torch.equal(answers[0], answers[2])


def squares(origin: dict | None = None) -> Samples:
    """u -> u²: commutes with all of the square, and is not odd."""
    u = band_limited(BOX, n=200).to(torch.float32)
    u = u.with_values(u.values + 1)
    return Samples(u, u.with_values(u.values**2), U, U, origin=origin or {})


def test_found_symmetries_reach_the_operator():
    told: list[str] = []
    surrogate = learn(squares(), "fno", budget=Budget(steps=2), tell=told.append)
    assert any("square: supported" in sentence for sentence in told)
    assert "GroupAveraged" in repr(surrogate.operator)
    plain = learn(squares(), "fno", budget=Budget(steps=2), choices=Choices(symmetry="none"))
    assert "GroupAveraged" not in repr(plain.operator)


def test_a_symmetry_in_doubt_is_not_used():
    """A linear map is even and odd under reflections: the test cannot tell which was meant."""
    told: list[str] = []
    surrogate = learn(identity(BOX, 200), "fno", budget=Budget(steps=2), tell=told.append)
    assert any("state which with --symmetry" in sentence for sentence in told)
    assert "GroupAveraged" not in repr(surrogate.operator)


def test_what_the_problem_states_is_not_tested():
    told: list[str] = []
    stated = squares({"symmetries": ["reflections"]})
    surrogate = learn(stated, "fno", budget=Budget(steps=2), tell=told.append)
    assert told[0] == "symmetries, as the problem states them: reflections"
    assert surrogate.operator.symmetry == "reflections"


def test_translations_take_the_coordinates_away():
    operator = build(systems.card("fno"), identity(LINE), {}, True)
    assert operator.operator.coordinates is False
    operator = build(systems.card("fno"), identity(LINE), {}, False)
    assert operator.operator.coordinates is True


def test_the_given_frame_is_no_answer():
    """Frames 0, 1, 2 with frame 0 the input: two are asked for, at the right times."""
    u = band_limited(LINE, n=50).to(torch.float32)
    time = Axis(3, 0.0, 1.0, name="t")
    frames = torch.stack([u.values.roll(k, 1) for k in range(3)], dim=1)
    samples = Samples(u, Field(frames, Grid.of(time, *LINE.axes)), (Variable("u0"),), U)
    surrogate = learn(samples, "fno", budget=Budget(steps=3))
    assert surrogate.signature.time is not None
    assert surrogate.signature.time.points().tolist() == [0.5, 1.0]
    evaluation = surrogate.evaluate(samples)
    persistence = float(evaluation.baselines["persistence"].mean())
    assert persistence > 0.1, "the initial frame, which persistence knows, must not count"
    step = learn(samples, "fno", budget=Budget(steps=3), choices=Choices(trajectory="step"))
    assert step.signature.time is None
    assert len(step.evaluate(samples).errors) == 50, "a step is judged by its rollouts"


def test_antiderivatives_are_exact():
    samples = deeponet.antiderivatives(20, 0)
    x = samples.inputs.grid.points()
    u, s = samples.inputs.values.double(), samples.targets.values.double()
    assert torch.allclose(s[:, 0], torch.zeros(20, 1).double())
    slopes = (s[:, 2:] - s[:, :-2]) / (x[2] - x[0])
    assert (slopes - u[:, 1:-1]).abs().max() < 1e-2 * u.abs().max()
    again = deeponet.antiderivatives(20, 0)
    assert torch.equal(again.targets.values, samples.targets.values)


def test_experiments_measure_what_they_say(monkeypatch):
    monkeypatch.setattr(deeponet, "_SECONDS", 2.0)
    told: list[str] = []
    outcome = deeponet.experiment(0, told.append)
    errors = outcome.figures["mean_squared_error"]
    assert outcome.ratio == pytest.approx(errors["deeponet"] / errors["fnn"])
    assert outcome.passed == (outcome.ratio <= outcome.bar)
    assert len(told) == 4


def test_fno_experiment_compares_resolutions(monkeypatch):
    monkeypatch.setattr(fno, "_SECONDS", 1.0)
    monkeypatch.setattr(fno, "_TRAINED", 32)
    monkeypatch.setattr(fno, "_FINEST", 128)
    monkeypatch.setattr(fno, "_burgers", lambda count, seed: _solved(100, seed))
    outcome = fno.experiment(0, lambda sentence: None)
    errors = outcome.figures["relative_l2"]["fno"]
    assert set(errors) == {"32", "64", "128"}
    assert outcome.figures["across_resolutions"] == pytest.approx(
        max(errors.values()) / errors["32"]
    )


def _solved(count: int, seed: int) -> Samples:
    """Stands in for the solver: smooth states and their squares on the finest grid."""
    u = band_limited(Grid((128,), periodic=True), n=900, seed=seed).to(torch.float32)
    return Samples(u, u.with_values(u.values**2), U, U)
