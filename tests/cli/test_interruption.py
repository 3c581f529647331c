"""Ctrl-C, kill -9, a full disk, a reader that goes away: what is left, and how it goes on."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from kitchen import TINY, Answer

LINE = f"fit train.nc --test test.nc --steps 30000 --snapshots 0.05 {TINY} --run long"
QUICK = f"fit train.nc --test test.nc --steps 150 --snapshots 0.05 {TINY}"
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}


def start(line: str, **streams) -> subprocess.Popen:
    command = [sys.executable, "-m", "fredholm", *line.split()]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ONE_THREAD, **streams)


def wait_for(path: Path) -> None:
    for _ in range(1200):
        if path.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"{path} did not appear")


def test_ctrl_c_keeps_a_snapshot_and_says_how_to_go_on(workplace: Path):
    process = start(LINE)
    wait_for(Path("long/checkpoint.pt"))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    last = err.splitlines()[-1]
    assert last.startswith("fredholm: stopped at step") and "--resume" in last
    assert "long/checkpoint.pt" in last and "Traceback" not in err
    state = torch.load("long/checkpoint.pt", weights_only=True)
    assert f"step {state['step']} " in last


def test_a_killed_run_goes_on_to_the_same_end(cli: Callable[..., Answer], workplace: Path):
    """The kill comes out of the blue, in a forked copy of this process."""
    whole = cli(f"{QUICK} --run whole --json").json
    folder = Path("runs/train-fno-1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, since 3.12
        child = os.fork()
    if child == 0:
        try:
            from fredholm.training import Checkpoints

            def save_and_die(self: Checkpoints, state: dict) -> None:
                save(self, state)
                if state["step"] > 20:
                    os.kill(os.getpid(), signal.SIGKILL)

            save, Checkpoints.save = Checkpoints.save, save_and_die
            cli(QUICK)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert 20 < torch.load(folder / "checkpoint.pt", weights_only=True)["step"] < 150
    assert not (folder / "surrogate.json").exists()
    resumed = cli(f"{QUICK} --resume --json")
    assert resumed.code == 0 and resumed.json["run"] == str(folder)
    assert resumed.json["test"]["test.nc"]["relative_l2"] == whole["test"]["test.nc"]["relative_l2"]
    weights = [(path / "weights.safetensors").read_bytes() for path in (folder, Path("whole"))]
    assert weights[0] == weights[1]
    other = cli(f"{QUICK} --resume --seed 1")
    assert other.code == 2 and "no unfinished run" in other.err


def test_a_full_disk_is_told_and_leaves_nothing(workplace: Path):
    """Files that may not grow beyond two kilobytes stand for a disk that is full."""
    before = sorted(map(str, Path().rglob("*")))
    code = """
import json, resource, signal, sys
from fredholm.cli import main
lines = json.loads(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
print([main(line.split()) for line in lines])
"""
    lines = [
        "predict run test.nc -o new.nc",
        "predict run test.nc -o test.nc --overwrite",
        "fit train.nc --system linear --run new",
        "generate darcy -n 40 --resolution 9 --tol 1e-2 -o new.nc",
    ]
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(lines)],
        capture_output=True, text=True, env=ONE_THREAD, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[2, 2, 2, 2]", done
    told = [line for line in done.stderr.splitlines() if line.startswith("fredholm: ")]
    assert len(told) == 4 and all("cannot write" in line for line in told)
    assert "Traceback" not in done.stderr
    assert sorted(map(str, Path().rglob("*"))) == before


def test_a_full_or_closed_standard_output_is_no_drama(tmp_path: Path):
    with open("/dev/full", "w") as full:
        process = start("--help", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.splitlines() == ["fredholm: No space left on device"]
    read, write = os.pipe()
    os.close(read)
    process = start("--help", stdout=write)
    os.close(write)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (141, "")
