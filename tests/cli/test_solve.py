"""One named problem, solved from the command line: what is written, said and refused."""

import json
import os
import resource
import signal
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray
from kitchen import Answer

from fredholm.collocation import NetworkSolution

Cli = Callable[..., Answer]
TINY = "--width 6 --layers 1 --points 60"
NETWORK = f"solve convection --frames 9 --with pinn {TINY}"
FOLDER = Path("runs/convection-pinn-1")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def pixels(path: Path) -> tuple[int, ...]:
    from matplotlib.image import imread

    return imread(path).shape


def test_by_the_numerical_solver(cli: Cli):
    answer = cli("solve helmholtz --tol 1e-4 --at 21 --json")
    assert answer.code == 0, answer.err
    assert answer.json["run"] == "runs/helmholtz-solver-1"
    assert 0 < answer.json["error"] < 1e-3
    with xarray.open_dataset(answer.json["solution"]) as dataset:
        assert dict(dataset.sizes) == {"x": 21, "y": 21}
        assert dataset.attrs["problem"] == "helmholtz" and "lap(u)" in dataset.attrs["statement"]
        assert dataset.attrs["command"].startswith("fredholm solve helmholtz")
        assert dataset.attrs["expected_relative_l2"] == pytest.approx(answer.json["error"])
    assert pixels(Path(answer.json["picture"]))[0] > 300
    assert cli("solve helmholtz --tol 1e-4 --at 21 --json").json["run"] == "runs/helmholtz-solver-2"


def test_by_a_network(cli: Cli):
    answer = cli(f"{NETWORK} --steps 3 --speed 2 --at 9 --json")
    assert answer.code == 0, answer.err
    content = answer.json
    assert content["run"] == str(FOLDER) and content["steps"] == 3
    assert not content["verdict"]["trusted"], "three steps are not enough"
    assert "trial functions" in answer.err and "u_net" in answer.err
    found = NetworkSolution.load(FOLDER)
    assert found.trial.problem.parameters["c"] == 2
    with xarray.open_dataset(content["solution"]) as dataset:
        assert dataset.sizes["x"] == 9
        points = torch.tensor([[float(dataset.x[4]), float(dataset.t[-1])]], dtype=torch.float64)
        np.testing.assert_allclose(float(dataset.u[-1, 4]), float(found(points)), rtol=1e-9)
        assert dataset.attrs["verdict"] == content["verdict"]["sentence"]
        assert dataset.attrs["method"] == "pinn" and dataset.attrs["seed"] == "0"
        assert "c = 2" in dataset.attrs["parameters"]
    height, width, _ = pixels(Path(content["picture"]))
    assert width > 1.2 * height, "solution, reference and difference in a row"


def test_the_watched_loss_is_one_of_fresh_points(cli: Cli):
    answer = cli(f"{NETWORK} --steps 4")
    lines = [line for line in answer.err.splitlines() if line.startswith("training ")]
    assert len(lines) == 4 and all("at fresh points" in line for line in lines)
    record = json.loads((FOLDER / "solution.json").read_text())["record"]
    assert all(look["validation"] != look["loss"] for look in record["history"])
    assert record["best"] == record["history"][-1], "the last weights are kept"


def test_a_killed_run_goes_on_to_the_same_end(cli: Cli):
    """The kill comes out of the blue, in a forked copy of this process."""
    line = f"{NETWORK} --steps 12 --snapshots 1e-6"
    whole = cli(f"{line} --run whole --json").json
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, since 3.12
        child = os.fork()
    if child == 0:
        try:
            from fredholm.training import Checkpoints

            def save_and_die(self: Checkpoints, state: dict) -> None:
                save(self, state)
                if state["step"] == 7:
                    os.kill(os.getpid(), signal.SIGKILL)

            save, Checkpoints.save = Checkpoints.save, save_and_die
            cli(line)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert not (FOLDER / "solution.json").exists()
    resumed = cli(f"{line} --resume --json")
    assert resumed.code == 0 and resumed.json["run"] == str(FOLDER), resumed.err
    assert resumed.json["verdict"] == whole["verdict"]
    weights = [(path / "weights.safetensors").read_bytes() for path in (FOLDER, Path("whole"))]
    assert weights[0] == weights[1]
    assert "no unfinished run" in cli(f"{line} --resume").err, "it has ended"
    assert "no unfinished run" in cli(f"{line} --resume --soft").err


def test_ctrl_c_says_how_to_go_on(cli: Cli, monkeypatch: pytest.MonkeyPatch):
    from fredholm.cli.output import Progress

    def interrupt(self: Progress, fraction: float, news: str = "") -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Progress, "advance", interrupt)
    answer = cli(f"{NETWORK} --steps 24")
    assert answer.code == 130 and "--resume" in answer.err.splitlines()[-1]
    assert {path.name for path in FOLDER.iterdir()} == {"run.json", "checkpoint.pt"}


def test_a_full_disk_is_told_and_leaves_no_partial_file(cli: Cli):
    """Files that may not grow beyond two kilobytes stand for a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
        answers = [cli("solve helmholtz --tol 1e-2"), cli(f"{NETWORK} --steps 1")]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    for answer in answers:
        assert answer.code == 2 and "cannot write" in answer.err, answer.err
    assert not [path for path in Path().rglob("*") if path.is_file()]


def test_where_no_grid_can_hold_the_solution_the_network_is_kept(cli: Cli):
    answer = cli(f"solve sine_gordon --dim 5 --with pinn {TINY} --steps 1 --json")
    assert answer.code == 0, answer.err
    assert "a grid in 5 coordinates tells nothing" in answer.err
    assert "solution" not in answer.json and Path(answer.json["run"], "solution.json").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    {
        "solve": "PROBLEM",
        "solve burgers_shok": "did you mean 'burgers_shock'",
        "solve darcy": "fredholm generate darcy",
        "solve convection --with pin": "did you mean 'pinn'",
        "solve convection --with fno": "nothing solves by 'fno'",
        "solve convection --with": "expected one argument",
        "solve convection --seconds 3": "--seconds is for networks",
        "solve convection --resume": "--resume is for networks",
        "solve convection --tol 0": "--tol is a positive number",
        "solve convection --at 3,3": "one per axis",
        "solve convection --at 99999999": "points is larger than the",
        "solve convection --run a/b": "a is not a folder",
        "solve convection --run full": "full exists",
        "solve poisson_holes --with pinn --seconds 0": "positive",
        "solve poisson_holes --with pinn --seconds 1 --steps 1": "not allowed with",
        "solve poisson_holes --with pinn --widht 1": "did you mean '--width'",
        "solve poisson_holes --with pinn --width 0": "width is at least 1",
        "solve poisson_holes --with pinn --points 0": "positive numbers of points",
        "solve poisson_holes --with pinn --derivatives jet": "did you mean 'jets'",
        "solve poisson_holes --with pinn --snapshots 0": "--snapshots is a positive number",
        "solve poisson_holes --with pinn --resume": "no unfinished run",
        "solve poisson_holes --with pinn --resume --run full": "holds no run",
        "solve sine_gordon": "solve it by a network",
        "generate convection -n 2": "fredholm solve convection",
    }.items(),
)
def test_wrong_words(cli: Cli, line: str, said: str):
    Path("a").write_text("")
    Path("full").mkdir()
    Path("full/notes.txt").write_text("")
    answer = cli(line)
    assert answer.code == 2 and not answer.out
    last = answer.err.splitlines()[-1]
    assert last.startswith("fredholm: ") and said in last and "unexpected " not in last, last
    assert sorted(map(str, Path().rglob("*"))) == ["a", "full", "full/notes.txt"]


def test_problems_name_the_way_on(cli: Cli):
    shock, ball = cli("problems burgers_shock").out, cli("problems sine_gordon").out
    assert "next: fredholm solve burgers_shock    or: " in shock and "generate" not in shock
    assert "next: fredholm solve sine_gordon --with pinn" in ball
    assert max(map(len, ball.splitlines())) < 120, "a hundred axes are not told one by one"
    assert "fredholm generate burgers -n" in cli("problems burgers").out
