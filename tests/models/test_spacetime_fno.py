"""The space-time FNO begins at the last known frame and answers at any times of its window."""

from dataclasses import replace

import pytest
import torch

from fredholm.cli.inputs import read_inputs
from fredholm.data import Samples, open_samples, write_netcdf
from fredholm.domains import Axis, Grid
from fredholm.errors import FredholmError
from fredholm.fields import Field, Variable
from fredholm.models import SpaceTimeFNO
from fredholm.systems import sfno
from fredholm.systems.learn import Choices, learn
from fredholm.testing import band_limited
from fredholm.training import Budget

LINE = Grid((16,), periodic=True)
PAST = Axis(5, 0.0, 1.0, name="t")
TIME = Axis(6, 1.0, 2.5, location="right", name="t")
U = (Variable("u"),)


def operator(**choices) -> SpaceTimeFNO:
    torch.manual_seed(0)
    sizes = {"hidden_channels": 6, "layers": 2, "latent": 6}
    return SpaceTimeFNO(1, (3, 4), TIME, **sizes, **choices).double()


def waves(grid: Grid, count: int = 4, speed: float = 0.3) -> Field:
    """Waves that travel: a state seen at several times."""
    state = band_limited(LINE, n=count, waves=2)
    k = 2 * torch.pi * torch.fft.rfftfreq(16, 1 / 16)
    modes = torch.fft.rfft(state.values[:, None], dim=2, norm="forward")
    phase = torch.exp(-1j * speed * grid.axis("t").points()[:, None] * k)[..., None]
    values = torch.fft.irfft(modes * phase, n=16, dim=2, norm="forward")
    return Field(values, Grid.of(grid.axis("t"), *LINE.axes)).at(grid)


def on(time: Axis, n: int = 16) -> Grid:
    return Grid.of(time, *LINE.resized(n).axes)


def test_finer_times_and_points_give_the_same_function():
    net, u = operator(coordinates=False), waves(on(PAST))
    answer = net(u)
    assert answer.grid == on(TIME)
    finer = net(u, at=on(TIME.resized(12))).values[:, 1::2]
    assert torch.allclose(finer, answer.values, atol=1e-12)
    on_32 = net(waves(on(PAST, 32))).at(on(TIME))
    assert (on_32.values - answer.values).norm() < 1e-3 * answer.values.norm()
    with pytest.raises(ValueError, match="answers in the window"):
        net(u, at=on(Axis(6, 1.0, 3.0, location="right", name="t")))


def test_the_answer_leaves_from_the_last_frame():
    net, u = operator(), waves(on(PAST))
    steps = net(u, at=on(TIME.resized(600))).values
    jump = (steps[:, 0] - u.values[:, -1]).norm() / (steps[:, -1] - u.values[:, -1]).norm()
    assert jump < 0.05
    with torch.no_grad():
        net.last.weight.zero_()
    assert torch.equal(net(u).values, u.values[:, -1:].expand_as(net(u).values))


def test_frames_that_end_elsewhere_are_refused():
    with pytest.raises(ValueError, match="they must meet"):
        operator()(waves(on(Axis(5, 0.0, 0.5, name="t"))))
    with pytest.raises(ValueError, match="takes frames on t and 1 axes of space"):
        operator()(band_limited(LINE))


def test_it_learns_waves_from_their_past():
    samples = Samples(
        waves(on(PAST), 48), waves(on(TIME), 48), U, U, origin={"symmetries": ["translations"]}
    )
    size = {"modes": 4, "time_modes": 3, "hidden_channels": 8, "layers": 2}
    surrogate = learn(
        samples.to(torch.float32), "sfno", budget=Budget(steps=80), choices=Choices(hyper=size)
    )
    last = samples.inputs.values[:, -1:].expand_as(samples.targets.values)
    still = (last - samples.targets.values).norm() / samples.targets.values.norm()
    assert surrogate.evaluate(samples.to(torch.float32)).relative_l2 < 0.5 * float(still)


def trajectories(n: int = 12, frames: int = 9) -> Samples:
    """Stored as files hold them: the first state, and all frames from it on."""
    u = waves(on(Axis(frames, 0.0, 0.25 * (frames - 1), name="t")), n).to(torch.float32)
    return Samples(Field(u.values[:, 0], LINE), u, U, U)


def test_stored_trajectories_are_seen_as_frames_after_frames(tmp_path):
    size = {"modes": 3, "time_modes": 2, "hidden_channels": 2, "layers": 2}
    choices = Choices(hyper={**size, "known": 3, "asked": 4}, symmetry="none")
    path = write_netcdf(trajectories(), tmp_path / "t.nc")
    stream = open_samples(path, memory_limit=1000)
    for samples in (trajectories(), stream):
        surrogate = learn(samples, "sfno", budget=Budget(steps=2), choices=choices)
        shape = surrogate.signature
        known, asked = (grid.axis("t") for grid in (shape.input_domain, shape.target_domain))
        assert (known.size, asked.size) == (3, 4) and asked.start == known.stop
        assert surrogate.record.settings["samples"] == 11 * 3  # one trajectory is held out
    assert len(surrogate.evaluate(trajectories()).errors) == 12
    frames, _ = read_inputs(str(path), {}, surrogate)
    assert torch.equal(frames.values, trajectories().targets.values[:, :3])
    answer = surrogate.predict(frames).mean
    assert answer.grid == shape.target_domain
    assert torch.equal(surrogate.predict(frames.values).mean.values, answer.values)
    halves = sfno.frames_after_frames(trajectories(), {})
    assert [part.grid.axis("t").size for part in (halves.inputs, halves.targets)] == [4, 5]


@pytest.mark.parametrize(
    ("samples", "choices", "message"),
    [
        (trajectories(frames=3), Choices(), "1 frames after 1 do not fit trajectories of 3"),
        (trajectories(), Choices(hyper={"known": 9}), "1 frames after 9 do not fit"),
        (trajectories(), Choices(trajectory="step"), "in a way of its own"),
        (trajectories(), Choices(noise=0.1), "in a way of its own"),
        (
            replace(trajectories(2), params=torch.ones(2, 1), param_variables=(Variable("nu"),)),
            Choices(validation=1),
            "sfno is not told parameters, these samples differ in nu",
        ),
        (
            Samples(waves(on(PAST)), waves(on(TIME)), U, U),
            Choices(hyper={"known": 4}, validation=1),
            "known is 4, the samples have 5 frames",
        ),
    ],
    ids=["short", "known", "step", "noise", "params", "frames"],
)
def test_what_cannot_be_cut_so_is_refused_in_one_sentence(samples, choices, message):
    with pytest.raises(FredholmError, match=message):
        learn(samples, "sfno", budget=Budget(steps=1), choices=choices)


def test_maps_between_states_are_refused():
    u = band_limited(LINE, n=8).to(torch.float32)
    with pytest.raises(FredholmError, match="frames after frames need trajectories"):
        learn(Samples(u, u, U, U), "sfno", budget=Budget(steps=1))


def test_the_experiment_corrects_answers(monkeypatch):
    small = {"_POINTS": 16, "_TRAIN": 10, "_TEST": 1, "_EPOCHS": 1, "_SPIN_UP": 2}
    small["_SIZE"] = {"modes": 3, "time_modes": 2, "hidden_channels": 2, "layers": 2}
    for name, value in small.items():
        monkeypatch.setattr(sfno, name, value)
    told: list[str] = []
    outcome = sfno.experiment(0, told.append)
    errors = outcome.figures["relative_l2"]
    after, before = errors["sfno, corrected in H-1"], errors["sfno"]
    assert outcome.ratio == pytest.approx(after[0] / before[0])
    assert outcome.passed and outcome.ratio < 0.1 and len(told) == 5
