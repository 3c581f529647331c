"""Whatever is wrong ends as one clear line, and leaves every file as it was."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from kitchen import FIT, TINY, Answer

WORDS = {
    "": "no command given",
    "fti train.nc": "did you mean 'fit'",
    "fit": "DATA",
    "fit train.nc more.nc": "unexpected argument 'more.nc'",
    "fit train.nc --steps": "expected one argument",
    "fit train.nc --stesp 3": "did you mean '--steps'",
    "fit train.nc --step 3": "did you mean '--steps'",
    "fit train.nc --steps three": "whole number, got 'three'",
    "fit train.nc --steps 3.5": "whole number, got '3.5'",
    "fit train.nc --steps 0": "positive",
    "fit train.nc --steps -5": "positive",
    "fit train.nc --steps inf": "whole number",
    "fit train.nc --seconds 0": "positive",
    "fit train.nc --seconds nan": "expected a number, got 'nan'",
    "fit train.nc --epochs 0": "positive",
    "fit train.nc --steps 3 --seconds 4": "not allowed with",
    "fit train.nc --seed -1": "0 or more",
    "fit train.nc --seed 1.5": "whole number",
    "fit train.nc --seed 99999999999999999999": "below 2^63",
    "fit train.nc --batch 0": "at least 1",
    "fit train.nc --lr 0": "lr > 0",
    "fit train.nc --lr -1": "lr > 0",
    "fit train.nc --lr fast": "expected a number",
    "fit train.nc --weight-decay -1": "weight_decay is not negative, got -1",
    "fit train.nc --warmup 1.5": "warmup < 1",
    "fit train.nc --schedule cosin": "did you mean 'cosine'",
    "fit train.nc --clip 0": "clip > 0",
    "fit train.nc --validation 0": "--validation",
    "fit train.nc --validation -0.5": "--validation",
    "fit train.nc --validation 1000": "hold out",
    "fit train.nc --symmetry squar": "did you mean 'square'",
    "fit train.nc --trajectory directly": "did you mean 'direct'",
    f"{FIT} --trajectory unrolled": "repeated",
    f"{FIT} --trajectory step": "single steps",
    "fit train.nc --device gpu9": "device 'gpu9' cannot be used",
    "fit train.nc --system fn": "did you mean 'fno'",
    "fit train.nc --system": "expected one argument",
    "fit train.nc --system mean --modes 3": "unknown flag --modes",
    "fit train.nc --system fno --modes 0": "modes",
    "fit train.nc --system fno --modes -3": "modes",
    "fit train.nc --system fno --hidden-channels -1": "fno cannot be built",
    "fit train.nc --system linear --components -1": "linear cannot be built",
    "fit train.nc --samples 0": "at least 1",
    "fit train.nc --snapshots 0": "--snapshots is a positive number",
    "fit train.nc --objective relative-l1": "did you mean 'relative-l2'",
    "fit train.npz --extent 2:1": "start < stop",
    "fit train.npz --extent 2": "expected START:STOP",
    "fit train.npz --extent q=0:1": "'q'",
    "fit train.npz --periodic maybe": "expected yes or no",
    "fit train.npz --location middle": "expected one of",
    "fit train.npz --input x": "name both",
    "fit train.npz --input x --target z": "no array 'z'",
    "fit train.nc --input a --target u": "states its variables and axes itself",
    "fit darcy --modes 0": "at least one mode",
    "fit darcy --resolution 8,8,8": "one per axis",
    "fit darcy --trajectory step": "single steps",
    "fit darcy --low 20": "0 < low < high",
    "fit darcy --nu 1": "unknown flag --nu",
    "fit train.nc --low 1": "unknown flag --low",
    "problems darci": "did you mean 'darcy'",
    "problems zzz": "`fredholm problems` lists the",
    "fit zzz": "`fredholm problems` lists the",
    "problems darcy burgers": "unexpected argument",
    "systems fn": "did you mean 'fno'",
    "systems zzz": "`fredholm systems` lists the",
    "reproduce fn": "did you mean 'fno'",
    "reproduce mean": "no experiment",
    "reproduce fno --records train.nc/records": "not a folder",
    "generate": "PROBLEM",
    "generate darci -n 2 -o new.nc": "did you mean 'darcy'",
    "generate darcy -n 0 -o new.nc": "at least 1",
    "generate darcy -n many -o new.nc": "whole number",
    "generate darcy -n 2 --resolution 0 -o new.nc": "at least 1",
    "generate darcy -n 2 --resolution 8,8,8 -o new.nc": "one per axis",
    "generate darcy -n 2 --resolution 8 --tol 0 -o new.nc": "--tol is a positive number",
    "generate darcy -n 2 --low -1 -o new.nc": "0 < low < high",
    "generate darcy -n 2 --low much -o new.nc": "expected a number",
    "generate darcy -n 2 --lwo 1 -o new.nc": "did you mean '--low'",
    "generate darcy -n 2 --kind two-phases -o new.nc": "did you mean 'two-phase'",
    "generate darcy -n 2 --resolution 8 -o train.nc": "exists",
    "generate darcy -n 2 --resolution 8 -o folder": "not a file",
    "generate darcy -n 2 --resolution 8 -o train.nc/new.nc": "not a folder",
    "generate darcy -n 2 --resolution 8 --overwrite -o /dev/full": "not a file",
}
"""Command lines that are wrong in themselves, with a part of the answer."""

FILES = {
    "missing.nc": "does not exist",
    "darci": "does not exist",
    "./darcy": "does not exist",
    "folder": "folder without a Zarr store",
    "empty.nc": "is empty",
    "text.txt": "none of the formats",
    "raw.bin": "none of the formats",
    "/dev/zero": "none of the formats",
    "list.pt": "dictionary",
    "words.pt": "no arrays",
    "classes.pt": "cannot be read",
    "nameless.pt": "cannot tell input from target",
    "lengths.pt": "number of samples",
    "none.pt": "",
    "complex.npz": "",
    "objects.npz": "",
    "text.npz": "",
    "newer.nc": "layout 99",
    "unfinished.nc": "unfinished: 20 of 24",
}
"""Files that no command can use, with a part of the answer."""

RUNS = {
    "missing": "holds no surrogate",
    "folder": "holds no surrogate",
    "train.nc": "",
    "no-weights": "weights.safetensors is missing",
    "cut-weights": "weights.safetensors does not hold",
    "cut-story": "cannot be read",
    "list-story": "cannot be read",
    "poor-story": "is damaged",
    "newer-run": "format 99",
    "strange-run": "'os:system' is not a part of fredholm",
}
"""Folders that hold no usable surrogate."""

USES = {
    "fit nan.pt": "NaN or infinity, the first is number 3",
    "fit inf.pt": "NaN or infinity, the first is number 3",
    "fit one.pt": "holds 1 samples",
    f"{FIT} nan.pt": "nan.pt",
    f"fit train.nc --test wide.nc --steps 1 {TINY}": "wide.nc",
    f"fit train.nc --test waves.nc --steps 1 {TINY}": "waves.nc",
    f"fit train.nc --test two.nc --steps 1 {TINY}": "two.nc",
    f"{FIT} --run folder": "exists",
    f"{FIT} --run run": "exists",
    f"{FIT} --run train.nc": "exists",
    f"{FIT} --run train.nc/run": "not a folder",
    f"{FIT} --resume": "no unfinished run",
    f"{FIT} --resume --run folder": "holds no run",
    f"{FIT} --resume --run missing": "holds no run",
    f"{FIT} --resume --run run --seed 1": "seed: 0 then, 1 now",
    f"{FIT} --resume --run run --lr 0.1": "optimiser: ",
    f"{FIT} --resume --run cut-run": "run.json is damaged",
    f"{FIT} --resume --run cut-snapshot": "checkpoint.pt is damaged",
    f"{FIT} --resume --run odd-snapshot": "checkpoint.pt is damaged",
    "evaluate run": "FILE",
    "evaluate run wide.nc": "wide.nc: the inputs live on",
    "evaluate run waves.nc": "waves.nc: ",
    "evaluate run two.nc": "two.nc: ",
    "evaluate run km.nc": "km.nc: a is in 'km'",
    "evaluate run nan.pt": "NaN or infinity",
    "predict run": "INPUT",
    "predict run two-channels.pt": "2 channels, expected 1",
    "predict run too-flat.pt": "shape (n, x, y, 1)",
    "predict run wide.nc": "coordinate 'x'",
    "predict run waves.nc": "no variable 'a'",
    "predict run km.nc": "'km'",
    "predict run other-name.nc": "no variable 'a'",
    "predict run nan-input.pt": "NaN or infinity",
    "predict run complex.npy": "complex",
    "predict run train.npz --input q": "no array 'q'",
    "predict run train.nc --at 0": "at least 1",
    "predict run train.nc --at 8,8,8": "one per axis",
    "predict run train.nc --at fine": "whole number",
    "predict run train.nc -o test.nc": "exists",
    "predict run train.nc -o folder": "could be replaced",
    "predict run train.nc -o train.nc/new.nc": "not a folder",
    "predict run train.nc --overwrite -o /dev/full": "could be replaced",
    "check train.nc --problem darci": "did you mean 'darcy'",
    "check train.nc missing.nc": "does not exist",
}
"""Good files that do not fit together, or the other way round."""

CUT = [f"cut-{number}.{kind}" for kind in ("nc", "pt", "npz", "mat", "h5") for number in range(3)]


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file and folder with what is in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def refused(kitchen: Path, cli: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch):
    """Runs a wrong command line in the kitchen and looks at everything that must hold."""
    monkeypatch.chdir(kitchen)

    def run(line: str, said: str) -> None:
        before = fingerprint(kitchen)
        answer = cli(line)
        assert answer.code == 2, answer
        last = answer.err.splitlines()[-1]
        assert last.startswith("fredholm: ") and len(last) <= 420, answer.err
        assert said in last, last
        assert answer.err.count("fredholm: ") == 1 and "Traceback" not in answer.err
        assert "unexpected" not in last or "unexpected argument" in last, last
        assert not answer.out
        assert fingerprint(kitchen) == before

    return run


@pytest.mark.parametrize(("line", "said"), WORDS.items(), ids=WORDS)
def test_wrong_words(refused: Callable, line: str, said: str):
    refused(line, said)


@pytest.mark.parametrize("command", ["fit {}", "check {}", "evaluate run {}"])
@pytest.mark.parametrize(("file", "said"), FILES.items(), ids=FILES)
def test_unusable_files(refused: Callable, command: str, file: str, said: str):
    refused(command.format(file), said)


@pytest.mark.parametrize("command", ["fit {}", "check {}", "predict run {} -o new.nc"])
@pytest.mark.parametrize("file", CUT)
def test_truncated_files(refused: Callable, command: str, file: str):
    refused(command.format(file), file)


@pytest.mark.parametrize("command", ["evaluate {} test.nc", "predict {} test.nc -o new.nc"])
@pytest.mark.parametrize(("run", "said"), RUNS.items(), ids=RUNS)
def test_unusable_runs(refused: Callable, command: str, run: str, said: str):
    refused(command.format(run), said)


@pytest.mark.parametrize(("line", "said"), USES.items(), ids=USES)
def test_things_that_do_not_fit(refused: Callable, line: str, said: str):
    refused(line, said)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there(refused: Callable):
    refused("fit train.nc --device cuda", "device 'cuda' cannot be used")


@pytest.mark.parametrize("line", ["check nan.pt", "check train.nc train.nc"])
def test_a_check_that_fails_is_not_wrong_use(
    cli: Callable[..., Answer], kitchen: Path, monkeypatch: pytest.MonkeyPatch, line: str
):
    monkeypatch.chdir(kitchen)
    before = fingerprint(kitchen)
    answer = cli(f"{line} --json")
    assert answer.code == 1
    assert answer.json["ok"] is False
    assert fingerprint(kitchen) == before


def test_a_traceback_is_shown_where_it_is_asked_for(cli: Callable[..., Answer]):
    answer = cli("evaluate missing file.nc --traceback")
    assert answer.code == 2
    assert re.search(r"^Traceback", answer.err, re.MULTILINE)
    assert answer.err.splitlines()[-1].startswith("fredholm: ")


def test_a_mistake_of_our_own_is_named(cli: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fredholm.cli.systems.run", lambda words: {}["nothing"])
    answer = cli("systems")
    assert answer.code == 2
    assert answer.err.startswith("fredholm: unexpected KeyError: 'nothing'; this is a mistake")
