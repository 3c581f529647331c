"""The training loop: exact continuation, honest stops, the best weights."""

import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Grid
from fredholm.errors import DataError, DivergedError, FormatError
from fredholm.fields import Field, Variable
from fredholm.models import FNO, TrainMean
from fredholm.objectives import Augmented, RelativeL2
from fredholm.testing import band_limited
from fredholm.training import AdamW, Budget, Checkpoints, Record, errors, fit, mean_error

GRID = Grid((16,), periodic=True)


def shifts(n: int = 24, seed: int = 0) -> Samples:
    """u -> u shifted by a quarter: learned in a few steps."""
    u = band_limited(GRID, n=n, seed=seed).to(torch.float32)
    labels = (Variable("u"),)
    return Samples(u, u.with_values(u.values.roll(4, 1)), labels, labels)


def network(seed: int = 0) -> FNO:
    torch.manual_seed(seed)
    return FNO(1, 1, (5,), hidden_channels=8, layers=2)


def run(operator, **changes):
    settings = {
        "objective": Augmented(RelativeL2(), "odd-reflection"),  # draws random numbers each step
        "budget": Budget(epochs=6),
        "validation": shifts(8, seed=1),
        "batch": 5,
        "seed": 3,
    }
    return fit(operator, shifts(), **{**settings, **changes})


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tmp_path):
    whole = network()
    record = run(whole)

    class Stop(Exception):
        pass

    def stop_in_the_middle(moment, spent):
        if spent > 0.5:
            raise Stop

    broken = network()
    with pytest.raises(Stop):
        run(broken, checkpoints=Checkpoints(tmp_path, every=0.0), watch=stop_in_the_middle)
    resumed = network(seed=99)  # other initial weights: all must come from the snapshot
    second = run(resumed, checkpoints=Checkpoints(tmp_path, every=0.0, resume=True))

    def story(r):
        return [(m.step, m.epoch, m.rate, m.loss, m.validation) for m in r.history]

    assert story(second) == story(record)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    assert second.steps == record.steps == 30


def test_another_seed_gives_another_run():
    assert run(network()).history[-1].loss != run(network(), seed=4).history[-1].loss


def test_the_same_seed_gives_the_same_run():
    first, second = network(), network()
    assert run(first).history[-1].loss == run(second).history[-1].loss


def test_learning_beats_the_mean_by_far():
    operator = network()
    plain = {"objective": RelativeL2(), "optimiser": AdamW(lr=1e-2)}
    record = run(operator, budget=Budget(steps=400), **plain)
    held_out = shifts(8, seed=2)
    mean = TrainMean(GRID, 1)
    fit(mean, shifts())
    assert mean_error(operator, held_out) < 0.1 * mean_error(mean, held_out)
    assert record.best is not None
    assert record.best.validation == min(m.validation for m in record.history)


def test_the_best_weights_are_kept():
    operator = network()
    record = run(operator, budget=Budget(epochs=12), optimiser=AdamW(lr=0.5, schedule="constant"))
    assert mean_error(operator, shifts(8, seed=1)) == pytest.approx(
        record.best.validation, rel=1e-6
    )
    assert record.best.validation < record.history[-1].validation


def test_not_a_number_stops_with_place_and_hint():
    samples = shifts()
    values = samples.inputs.values.clone()
    values[7, 3] = math.nan
    broken = Samples(
        Field(values, GRID), samples.targets, samples.input_variables, samples.target_variables
    )
    with pytest.raises(DivergedError, match=r"step \d+, batch \d+ of 5.*relative_l2.*check"):
        fit(network(), broken, batch=5, budget=Budget(epochs=2))


def test_a_budget_in_seconds_is_kept():
    began = time.monotonic()
    record = run(network(), budget=Budget(seconds=0.5))
    assert 0.5 <= record.seconds < 3 and time.monotonic() - began < 5
    assert record.history[-1].rate < 0.05 * AdamW().lr


def test_record_survives_json():
    record = run(network())
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_a_snapshot_of_other_settings_is_refused(tmp_path):
    run(network(), checkpoints=Checkpoints(tmp_path))
    with pytest.raises(FormatError, match="batch: 5 then, 6 now"):
        run(network(), batch=6, checkpoints=Checkpoints(tmp_path, resume=True))


@pytest.mark.parametrize("size", [0, 1, 100, 3000])
def test_a_damaged_snapshot_is_refused(tmp_path, size):
    snapshot = Checkpoints(tmp_path, resume=True)
    run(network(), checkpoints=snapshot)
    content = snapshot.path.read_bytes()
    snapshot.path.write_bytes(content[:size])
    with pytest.raises(FormatError, match="damaged"):
        run(network(), checkpoints=snapshot)


def test_an_unwritable_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot write"):
        run(network(), checkpoints=Checkpoints(tmp_path / "file" / "run"))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Budget(), "one positive number"),
        (lambda: Budget(steps=3, epochs=2), "one positive number"),
        (lambda: Budget(seconds=-1.0), "one positive number"),
        (lambda: AdamW(lr=0.0), "lr > 0"),
        (lambda: AdamW(warmup=1.0), "warmup < 1"),
        (lambda: AdamW(schedule="cos"), "schedule is"),  # type: ignore[arg-type]
    ],
)
def test_impossible_settings_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_schedule_warms_up_and_falls_to_zero():
    optimiser = AdamW(lr=1.0, warmup=0.1)
    rates = [optimiser.rate(p) for p in (0.0, 0.05, 0.1, 0.55, 1.0)]
    assert rates == pytest.approx([0.01, 0.5, 1.0, 0.5, 0.0])


SCRIPT = """
import sys; sys.path.insert(0, {tests!r})
from test_fit import *
from fredholm.errors import Interrupted
from pathlib import Path
torch.set_num_threads(1)
def watch(moment, spent):
    print(moment.step, flush=True); time.sleep(0.03)
resume = len(sys.argv) > 1
try:
    operator = network()
    record = run(operator, budget=Budget(epochs=20), watch=watch,
                 checkpoints=Checkpoints(Path({folder!r}), every=0.0, resume=resume))
    print("done", sum(float(p.detach().double().sum()) for p in operator.parameters()))
except Interrupted as error:
    print("interrupted", error)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_process_continues_exactly(tmp_path, number):
    script = tmp_path / "train.py"
    tests = os.path.dirname(__file__)
    script.write_text(SCRIPT.format(tests=tests, folder=str(tmp_path / "run")))
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    for _ in range(5):
        process.stdout.readline()
    process.send_signal(number)
    rest = process.communicate(timeout=60)[0]
    assert ("interrupted stopped at step" in rest) == (number == signal.SIGINT)
    last = subprocess.run(
        [sys.executable, script, "resume"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[-1]
    whole = network()
    run(whole, budget=Budget(epochs=20))
    expected = sum(float(p.detach().double().sum()) for p in whole.parameters())
    assert last == f"done {expected}"


def test_averaged_weights_are_kept_and_survive_an_interruption(tmp_path):
    """The weights that remain are the moving average of those of the steps, by hand."""
    seen = []

    class Watching(RelativeL2):
        def __call__(self, operator, batch, **more):
            seen.append(operator.lifting.weight.detach().clone())
            return super().__call__(operator, batch, **more)

    operator = network()
    settings = {"objective": Watching(), "validation": None, "optimiser": AdamW(average=0.9)}
    run(operator, **settings, budget=Budget(steps=12))
    last = network()
    run(last, **{**settings, "optimiser": AdamW()}, budget=Budget(steps=12))
    steps = [*seen[1:12], last.lifting.weight.detach()]
    expected = steps[0]
    for number, weight in enumerate(steps[1:], start=2):
        decay = min(0.9, number / (number + 9))
        expected = decay * expected + (1 - decay) * weight
    assert torch.allclose(operator.lifting.weight, expected, atol=1e-6)
    assert not torch.allclose(operator.lifting.weight, last.lifting.weight, atol=1e-4)
    with pytest.raises(ValueError, match="decay"):
        AdamW(average=1.0)


def test_the_weights_can_be_chosen_by_another_measure():
    def negative(operator, samples):
        return -errors(operator, samples)

    best, worst = network(), network()
    first, second = run(best), run(worst, measure=negative)
    assert first.best.validation == min(moment.validation for moment in first.history)
    assert second.best.step < first.best.step
