"""From a problem, or a file, to predictions: what each command leaves and says."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray
from kitchen import FIT, TINY, Answer, square

from fredholm.cli.evaluate import _figure
from fredholm.cli.main import COMMANDS
from fredholm.data import read
from fredholm.metrics import distribution, relative_l2
from fredholm.surrogates import Surrogate
from fredholm.systems import Outcome

Cli = Callable[..., Answer]
NUMBERS = {"mean", "median", "p95", "max"}


def test_from_a_problem_to_predictions(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    made = cli("generate darcy -n 12 --resolution 9 --tol 1e-3 --low 2 --seed 1 -o d.nc --json")
    assert made.code == 0 and made.json["samples"] == 12 and made.json["error"] > 0
    assert read("d.nc").inputs.values.min() == 2.0
    assert cli("check d.nc --json").json["ok"] is True
    fitted = cli(f"fit d.nc --steps 3 {TINY} --json")
    assert fitted.code == 0 and fitted.json["run"] == "runs/d-fno-1"
    ((name, test),) = fitted.json["test"].items()
    assert name == "d.nc (1 held out)" and test["relative_l2"].keys() == NUMBERS
    assert fitted.json["baselines"][name]["linear regression"].keys() == NUMBERS
    assert cli(f"fit d.nc --steps 3 {TINY} --json").json["run"] == "runs/d-fno-2"
    predicted = cli("predict runs/d-fno-1 d.nc --at 17 --json")
    assert predicted.json["file"] == "d-prediction.nc"
    with xarray.open_dataset("d-prediction.nc") as dataset:
        assert dict(dataset.sizes) == {"sample": 12, "x": 17, "y": 17}
        assert dataset.x.values[-1] == 1.0


def test_a_named_problem_is_solved_in_the_run_folder(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fredholm.cli.fit_data.TEST", 4)
    line = f"fit darcy --samples 8 --resolution 9 --tol 1e-3 --high 20 --steps 2 {TINY}"
    answer = cli(f"{line} --json")
    assert answer.code == 0 and answer.json["run"] == "runs/darcy-fno-1"
    train, test = (read(f"runs/darcy-fno-1/{name}.nc") for name in ("train", "test"))
    assert (len(train), len(test)) == (8, 4) and train.inputs.values.max() == 20.0
    assert not set(map(str, train.inputs.values)) & set(map(str, test.inputs.values))
    assert [*answer.json["test"]] == ["runs/darcy-fno-1/test.nc"]


def test_fit_says_what_is_stored(cli: Cli, workplace: Path):
    answer = cli(f"fit train.nc --test test.nc fine.nc --steps 5 {TINY} --run mine --json")
    content = answer.json
    assert answer.code == 0 and content["run"] == "mine" and content["steps"] == 5
    made = {path.stem for path in Path("mine").iterdir()}
    assert {"surrogate", "weights", "run", "evaluation", "checkpoint", "report"} <= made
    surrogate = Surrogate.load("mine")
    for name in ("test.nc", "fine.nc"):
        samples = read(name)
        prediction = surrogate.predict(samples.inputs).mean
        expected = distribution(relative_l2(prediction, samples.targets))
        assert content["test"][name]["relative_l2"] == pytest.approx(expected, rel=1e-5)
    evaluated = cli("evaluate mine test.nc fine.nc --json").json
    for name in ("test.nc", "fine.nc"):
        again = evaluated["test"][name]["relative_l2"]
        assert again == pytest.approx(content["test"][name]["relative_l2"], rel=1e-6)
        assert evaluated["baselines"][name].keys() == content["baselines"][name].keys()
    assert json.loads(Path("mine/run.json").read_text())["settings"]["budget"] == "5 steps"
    assert cli("fit train.nc --steps 5 --run mine").code == 2


def test_a_table_for_people_and_nothing_else_on_standard_output(cli: Cli, workplace: Path):
    answer = cli(FIT)
    assert answer.code == 0
    assert "relative L2 error on" in answer.out and "linear regression" in answer.out
    assert "runs/train-fno-1/report.html" in answer.out
    tenths = [line for line in answer.err.splitlines() if line.startswith("training ")]
    assert len(tenths) == 1 + 4  # the announcement, and a line for each of the four steps


def test_flags_reach_what_they_name(cli: Cli, workplace: Path):
    cli(f"{FIT} --lr 0.125 --schedule constant --objective relative-h1 --run one")
    call = json.loads(Path("one/surrogate.json").read_text())
    text = json.dumps(call["record"]["settings"])
    assert "lr=0.125" in text and "schedule='constant'" in text and "RelativeH1" in text
    assert '"hidden_channels": 4' in json.dumps(call["operator"])
    cli("fit train.nc --system linear --components 3 --run two")
    assert '"components": 3' in Path("two/surrogate.json").read_text()


@pytest.mark.parametrize(
    ("name", "write"),
    {
        "inputs.pt": lambda path, a: torch.save(torch.from_numpy(a), path),
        "named.pt": lambda path, a: torch.save({"anything": torch.from_numpy(a)}, path),
        "pair.pt": lambda path, a: torch.save(dict.fromkeys("xy", torch.from_numpy(a)), path),
        "inputs.npz": lambda path, a: np.savez(path, a=a),
        "inputs.npy": lambda path, a: np.save(path, a),
        "inputs.nc": lambda path, a: xarray.Dataset(
            {"a": (("n", "y", "x"), a.swapaxes(1, 2), {"units": "m"})}
        ).to_netcdf(path),
        "ours.nc": lambda path, a: xarray.open_dataset("test.nc")[["a"]].to_netcdf(path),
    }.items(),
)
def test_inputs_come_from_any_file(cli: Cli, workplace: Path, name: str, write: Callable):
    inputs = read("test.nc").inputs
    write(name, inputs.values[..., 0].numpy())
    answer = cli(f"predict run {name} -o out.nc --json")
    assert answer.code == 0, answer.err
    expected = Surrogate.load("run").predict(inputs).mean.values[..., 0]
    with xarray.open_dataset("out.nc") as dataset:
        np.testing.assert_allclose(dataset.u.values, expected.numpy(), rtol=1e-6)
        assert dataset.u.attrs["units"] == "Pa"


def test_far_inputs_are_flagged_on_screen_and_in_the_file(cli: Cli, workplace: Path):
    torch.save(100 * square(2, 5).inputs.values, "far.pt")
    answer = cli("predict run far.pt -o out.nc --json")
    assert "far from the training data" in answer.json["warnings"][0]
    assert "warning: 2 of 2 inputs" in answer.err
    with xarray.open_dataset("out.nc") as dataset:
        assert "far from the training data" in dataset.attrs["warnings"]


@pytest.mark.parametrize("way", ["unrolled", "direct", "step"])
def test_trajectories(cli: Cli, workplace: Path, way: str):
    line = "fit waves.nc --steps 2 --modes 2 --hidden-channels 4 --layers 1 --symmetry none"
    assert cli(f"{line} --trajectory {way} --run waves").code == 0
    answer = cli("evaluate waves waves.nc --json")
    assert answer.json["test"]["waves.nc"]["samples"] == 24, "trajectories, whatever was trained"
    assert cli("predict waves waves.nc -o out.nc").code == 0
    with xarray.open_dataset("out.nc") as dataset:
        assert dict(dataset.sizes) == {"sample": 24, "x": 16} | ({} if way == "step" else {"t": 4})
    further = cli("predict waves waves.nc -o further.nc --steps 7")
    assert further.code == 0 and "measured on rollouts of 4 steps" in further.err
    with xarray.open_dataset("further.nc") as dataset:
        assert dict(dataset.sizes) == {"sample": 24, "t": 7, "x": 16}
        assert float(dataset.t[-1] / dataset.t[0]) == pytest.approx(7)


def test_trajectories_of_any_file_are_predicted_from_their_first_frames(cli: Cli, workplace: Path):
    line = "fit waves.nc --steps 2 --modes 2 --hidden-channels 4 --layers 1 --symmetry none"
    assert cli(f"{line} --trajectory step --run waves").code == 0
    with xarray.open_dataset("waves.nc", decode_timedelta=False) as own:
        u = own["u"].load()
    plain = xarray.Dataset({"u": (("case", "time", "x"), u.values, u.attrs)}, {"x": u.x})
    plain.to_netcdf("trajectories.nc")
    plain.isel(time=0).to_netcdf("states.nc")
    np.savez("plain.npz", u=u.values)
    found = []
    for name in ("states.nc", "trajectories.nc", "plain.npz"):
        answer = cli(f"predict waves {name} -o {name}-out.nc")
        assert answer.code == 0 and "0.25 after the inputs; expected" in answer.out
        with xarray.open_dataset(f"{name}-out.nc") as answers:
            found.append(answers.u.values)
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])
    xarray.Dataset({"u": (("case", "level", "x"), u.values, u.attrs)}, {"x": u.x}).to_netcdf("3.nc")
    answer = cli("predict waves 3.nc -o never.nc")
    assert answer.code == 2 and "choose from the others first" in answer.err


def test_figures_that_four_decimals_do_not_show_are_powers_of_ten():
    assert _figure(0.01234, 4) == "0.0123" and _figure(0.0, 4) == "0.0000"
    assert _figure(1.6e-7, 4) == "1.6e-07" and _figure(1853592.0, 2) == "1.9e+06"
    assert _figure(float("inf"), 4) == "inf"


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("--push-forward", "need the number of steps, --unroll N"),
        ("--unroll 9", "a chain of 9 steps does not fit trajectories of 4 steps"),
        ("--trajectory direct --noise 0.1", "chains and noise train steps"),
        ("--noise -1", "--noise is not negative"),
    ],
)
def test_contradicting_wishes_for_rollouts(cli: Cli, workplace: Path, flags: str, sentence: str):
    answer = cli(f"fit waves.nc --steps 2 {flags} --run never")
    assert answer.code == 2 and sentence in answer.err
    assert not (workplace / "never").exists()


def test_an_array_beside_a_parameter_is_still_the_input(cli: Cli, workplace: Path):
    assert cli("fit waves.nc --steps 2 --modes 2 --hidden-channels 4 --run few").code == 0
    torch.save({"x": torch.rand(3, 16), "visc": torch.rand(1, 1)}, "states.pt")
    assert cli("predict few states.pt -o states.nc").code == 0
    with xarray.open_dataset("states.nc") as dataset:
        assert dict(dataset.sizes) == {"sample": 3, "t": 4, "x": 16}


def test_statements_and_cards(cli: Cli):
    for name in ("problems", "systems"):
        keys = cli(f"{name} --json").json[name]
        assert {"darcy", "burgers"} <= keys.keys() or {"fno", "deeponet"} <= keys.keys()
        for key in keys:
            answer = cli(f"{name} {key} --json")
            assert answer.code == 0 and keys[key] in answer.err
    problems, systems = (cli(name).out for name in ("problems", "systems"))
    assert problems.index("fredholm fit") < problems.index("  darcy ") < problems.index(" solve`")
    assert problems.index(" solve`") < problems.index("  burgers_shock ")
    assert systems.index("--system") < systems.index("  fno ") < systems.index("  pinn ")
    assert max(map(len, systems.splitlines())) <= 100
    shown = cli("problems darcy").out
    assert "-div(a*grad(u)) = f" in shown and r"\nabla \cdot" in shown and "--low" in shown


@pytest.mark.parametrize(("ratio", "code"), [(0.2, 0), (0.9, 1)])
def test_reproduce_compares_with_the_bar(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ratio: float, code: int
):
    from dataclasses import replace

    from fredholm.systems import mean

    def experiment(seed: int, tell: Callable[[str], None]) -> Outcome:
        tell("measuring")
        return Outcome(ratio, 0.5, "nothing", {"seed": seed}, ratio < 0.5)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mean, "CARD", replace(mean.CARD, experiment=experiment))
    for number in ("", "-2"):
        answer = cli("reproduce mean --seed 5 --json")
        assert answer.code == code
        content = answer.json
        assert {"key", "passed", "ratio", "bar", "baseline", "figures", "seconds"} <= {*content}
        assert (content["ratio"], content["passed"]) == (ratio, code == 0)
        record = json.loads(Path(f"records/reproduce/mean{number}.json").read_text())
        assert record["ratio"] == ratio and record["figures"] == {"seed": 5}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_of_each_command(cli: Cli, command: str):
    answer = cli(f"{command} --help")
    assert answer.code == 0 and f"  fredholm {command}" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 100


def test_help_needs_no_torch():
    code = "import sys, fredholm.cli as c; c.main(['--help']); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "commands:" in done.stdout


def test_real_files(cli: Cli, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    files = shared_data / "neuraloperator"
    names = [str(files / f"darcy_{name}.pt") for name in ("train_16", "test_16", "test_32")]
    answer = cli(
        f"fit {names[0]} --test {names[1]} {names[2]} --samples 400 --steps 30 --modes 6 "
        "--hidden-channels 24 --layers 3 --lr 0.01 --symmetry none --json"
    )
    assert answer.code == 0 and [*answer.json["test"]] == names[1:]
    for name in names[1:]:
        trained = answer.json["test"][name]["relative_l2"]["mean"]
        assert trained < answer.json["baselines"][name]["train mean"]["mean"]
