"""Surrogates of steps: how they are trained, rolled out, judged and limited."""

from dataclasses import replace

import pytest
import torch

from fredholm.data import LEAD_TIME, Samples, windows
from fredholm.domains import Axis, Grid
from fredholm.errors import DataError, DivergedError, FredholmError
from fredholm.fields import Field, Given, Variable
from fredholm.objectives import Chain, Curriculum, Noisy, Own, RelativeL2, Stages, push_forward
from fredholm.operators import Function, ParamsAsChannels, Rate, ScaledParams
from fredholm.surrogates import Surrogate
from fredholm.systems import card
from fredholm.systems.learn import Choices, learn
from fredholm.systems.plan import plan
from fredholm.testing import band_limited
from fredholm.training import Budget

LINE = Grid((16,), periodic=True)
SMALL = {"modes": 4, "hidden_channels": 8, "layers": 1}
FRAMES = 8
GROWING = Function(lambda u: u.with_values(1.2 * u.values))
"""An unstable step."""


def decaying(n: int = 48, frames: int = FRAMES, seed: int = 0) -> Samples:
    """u(t) = 0.9^(t/0.5) times the state moved by one point per frame; frames are 0.5 s apart."""
    u = band_limited(LINE, n=n, seed=seed).to(torch.float32)
    values = torch.stack([0.9**k * u.values.roll(k, 1) for k in range(frames + 1)], dim=1)
    time = Axis(frames + 1, 0.0, 0.5 * frames, name="t", units="s")
    return Samples(
        u,
        Field(values, Grid.of(time, *LINE.axes)),
        (Variable("u0", "m"),),
        (Variable("u", "m"),),
    )


def trained(steps: int = 200, **choices: object) -> Surrogate:
    asked = Choices(**{"hyper": SMALL, "symmetry": "none", "trajectory": "step", **choices})  # type: ignore[arg-type]
    return learn(decaying(), "fno", budget=Budget(steps=steps), choices=asked)


@pytest.fixture(scope="module")
def stepper() -> Surrogate:
    return trained()


def test_a_step_is_learnt_and_rolled_out_beyond_the_training(stepper: Surrogate) -> None:
    assert stepper.signature.step == Axis(1, 0.0, 0.5, location="right", name="t", units="s")
    test = decaying(n=8, frames=12, seed=1)
    answer = stepper.rollout(test.inputs, 12)
    assert answer.mean.grid.axis("t").points()[-1] == 6.0
    assert answer.mean.grid.axis("t").units == "s"
    gap = answer.mean.values - test.targets.values[:, 1:]
    relative = gap.flatten(2).norm(dim=2) / test.targets.values[:, 1:].flatten(2).norm(dim=2)
    assert float(relative[:, 0].median()) < 0.1
    assert any("measured on rollouts of 8 steps" in warning for warning in answer.warnings)
    assert not any("measured" in w for w in stepper.rollout(test.inputs, 8).warnings)


def test_the_error_that_is_stated_grows_with_the_steps(stepper: Surrogate) -> None:
    growth = stepper.expected_growth
    assert len(growth) == FRAMES and growth[-1] > growth[0]
    assert stepper.expected_error == growth[0]
    assert stepper.rollout(decaying(n=2).inputs, 5).expected_error == growth[4]
    measured = stepper.evaluate(decaying(n=32, seed=2)).errors.median()
    assert 0.1 < float(measured) / (sum(growth) / len(growth)) < 10


def test_steps_are_judged_by_trajectories_whose_frames_they_can_reach(stepper: Surrogate) -> None:
    every_second = decaying(n=8)
    grid = every_second.targets.grid
    thinned = replace(
        every_second,
        targets=Field(every_second.targets.values[:, ::2], grid.resized([5, 16])),
    )
    found = stepper.evaluate(thinned)
    assert len(found.errors) == 8 and set(found.baselines) == set(stepper.baselines)
    slower = replace(
        thinned,
        targets=Field(thinned.targets.values, Grid.of(Axis(5, 0.0, 2.9, name="t"), *LINE.axes)),
    )
    with pytest.raises(DataError, match=r"steps of 0.5 s, the frames lie 0.725 apart"):
        stepper.evaluate(slower)


def test_a_rollout_that_leaves_the_training_range_says_when(stepper: Surrogate) -> None:
    growing = replace(stepper, operator=GROWING)
    answer = growing.rollout(decaying(n=3).inputs, 30)
    (sentence,) = [w for w in answer.warnings if "leaves the training range" in w]
    assert sentence.startswith("after step ")
    assert 1 < int(sentence.split()[2]) < 30
    assert not any("leaves" in w for w in stepper.rollout(decaying(n=3).inputs, 4).warnings)


def test_a_diverging_rollout_stops_with_its_step(stepper: Surrogate) -> None:
    with pytest.raises(DivergedError, match=r"at step \d+ of 700, in \d of 3 functions"):
        replace(stepper, operator=GROWING).rollout(decaying(n=3).inputs, 700)


def test_trajectories_at_once_are_rolled_out_block_by_block() -> None:
    surrogate = trained(3, trajectory="direct")
    u = decaying(n=2).inputs
    once = surrogate.predict(u).mean
    twice = surrogate.rollout(u, FRAMES + 3).mean
    assert torch.equal(twice.values[:, :FRAMES], once.values)
    again = surrogate.predict(Field(once.values[:, -1], LINE)).mean
    assert torch.allclose(twice.values[:, FRAMES:], again.values[:, :3])


def test_pairs_of_times_make_one_map_for_every_lead() -> None:
    surrogate = trained(20, trajectory="pairs")
    assert [v.name for v in surrogate.signature.params] == [LEAD_TIME]
    u = decaying(n=2).inputs
    still = surrogate.predict(u, params=torch.zeros(2, 1)).mean
    assert torch.allclose(still.values, u.values, atol=1e-5)
    single = surrogate.predict(u, params=torch.full((2, 1), 0.5)).mean
    rolled = surrogate.rollout(u, 2).mean
    assert torch.allclose(rolled.values[:, 0], single.values, atol=1e-6)
    inner = surrogate.operator.get_submodule("operator")
    assert isinstance(inner, Rate) and inner.column == 0
    assert len(surrogate.evaluate(decaying(n=4)).errors) == 4 * FRAMES * (FRAMES + 1) // 2


def test_chains_and_noise_reach_the_training() -> None:
    chain = trained(3, chain=Chain(Curriculum(1, 4, "stairs")), noise=0.01)
    assert "Noisy" in chain.record.settings["objective"] and "stairs" in str(chain.record.settings)
    assert chain.signature.step is not None and len(chain.expected_growth) == FRAMES


def test_the_plan_follows_the_samples_and_refuses_contradictions() -> None:
    objective = RelativeL2()
    assert plan(decaying(), "auto", objective).kind == "direct"
    assert plan(decaying(n=4, frames=40), "auto", objective).kind == "step"
    assert plan(decaying(), "auto", objective, chain=push_forward(2)).kind == "step"
    assert isinstance(plan(decaying(), "step", objective, noise=0.1).objective, Noisy)
    with pytest.raises(FredholmError, match="chain of 9 steps does not fit trajectories of 8"):
        plan(decaying(), "step", objective, chain=Chain(9))
    with pytest.raises(FredholmError, match="train steps"):
        plan(decaying(), "direct", objective, noise=0.1)
    with pytest.raises(FredholmError, match="train steps"):
        plan(decaying(), "pairs", objective, chain=Chain(2))


def test_a_chain_leaves_what_a_recipe_minimises_besides() -> None:
    chain = Chain(2)
    recipe = card("cape").recipe.objective
    assert isinstance(recipe, Stages)
    found = plan(decaying(), "step", recipe, chain=chain, noise=0.1).objective
    assert found == Noisy(Stages(Own(), recipe.then.along(chain), recipe.at), 0.1)
    assert str(chain) in str(found)
    for key in ("pderefiner", "t1", "rigno"):
        with pytest.raises(FredholmError, match=r"Own\(\), .* holds none"):
            plan(decaying(), "step", card(key).recipe.objective, chain=chain)


def test_only_later_states_can_be_rolled_out() -> None:
    steady = decaying()
    steady = replace(
        steady, targets=Field(steady.targets.values[:, -1], LINE), target_variables=(Variable("p"),)
    )
    surrogate = learn(steady, "fno", budget=Budget(steps=2), choices=Choices(hyper=SMALL))
    with pytest.raises(DataError, match="only a surrogate that answers with later states"):
        surrogate.rollout(steady.inputs[:1], 3)


def test_a_saved_step_is_the_same_step(stepper: Surrogate, tmp_path) -> None:
    found = Surrogate.load(stepper.save(tmp_path))
    u = decaying(n=2, seed=5).inputs
    assert torch.equal(found.rollout(u, 3).mean.values, stepper.rollout(u, 3).mean.values)
    assert found.expected_growth == stepper.expected_growth
    assert found.signature.step == stepper.signature.step


def test_windows_of_parameters_condition_the_step() -> None:
    samples = decaying(n=40)
    params = torch.linspace(0.5, 1.5, 40)[:, None]
    faster = samples.targets.values * params.reshape(-1, 1, 1, 1)
    start = samples.inputs.with_values(faster[:, 0])
    told = replace(
        samples,
        inputs=start,
        targets=Field(faster, samples.targets.domain),
        params=params,
        param_variables=(Variable("nu"),),
    )
    assert windows(told, 2).given.params is not None
    surrogate = learn(
        told,
        "fno",
        budget=Budget(steps=3),
        choices=Choices(hyper=SMALL, trajectory="step", chain=Chain(2), symmetry="none"),
    )
    first = surrogate.operator(start[:2], Given(params=params[:2])).values
    second = surrogate.operator(start[:2], Given(params=params[:2] + 1)).values
    assert not torch.allclose(first, second)
    assert surrogate.rollout(start[:2], 2, params=params[:2]).mean.values.shape[:2] == (2, 2)


def test_systems_that_take_parameters_themselves_are_given_them() -> None:
    samples = decaying(n=40)
    params = torch.linspace(0.5, 1.5, 40)[:, None]
    told = replace(samples, params=params, param_variables=(Variable("nu"),))
    choices = Choices(trajectory="step", symmetry="none")
    for key, wrapper in (("cape", ScaledParams), ("unet", ParamsAsChannels)):
        surrogate = learn(told, key, budget=Budget(steps=2), choices=choices)
        assert [type(m) for m in surrogate.operator.modules()].count(wrapper) == 1
        assert surrogate.rollout(told.inputs[:2], 2, params=params[:2]).mean.values.shape[1] == 2


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("refinements", 0, "refinements is at least 1, got 0"),
        ("smallest", 1.0, "smallest is a variance between 0 and 1"),
    ],
)
def test_refinements_out_of_range_are_refused(name: str, value: float, message: str) -> None:
    with pytest.raises(FredholmError, match=message):
        learn(decaying(), "pderefiner", choices=Choices(hyper={name: value}, trajectory="step"))
