"""A folder with every kind of file that a command line can be given, good and bad."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import torch

from fredholm.cli import main
from fredholm.data import Samples, forecast, write_netcdf
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Variable

A, U = (Variable("a", "m"),), (Variable("u", "Pa"),)
TINY = "--modes 2 --hidden-channels 4 --layers 1 --batch 8 --symmetry none"
FIT = f"fit train.nc --test test.nc --steps 4 {TINY}"


@dataclass(frozen=True)
class Answer:
    """Exit code and both streams of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        lines = self.out.splitlines()
        assert len(lines) == 1, f"not one line: {self.out!r}"
        return json.loads(lines[0], parse_constant=lambda word: pytest.fail(f"{word} in JSON"))


def square(n: int, seed: int, *, size: int = 8, stop: float = 1.0) -> Samples:
    """Random smooth functions on a square and their mild distortions."""
    generator = torch.Generator().manual_seed(seed)
    grid = Grid((size, size), stop)
    x = torch.linspace(0, torch.pi, size, dtype=torch.float64)
    basis = torch.stack([torch.sin(k * x) for k in (1, 2)])
    draws = torch.randn(n, 2, 2, generator=generator, dtype=torch.float64)
    a = torch.einsum("nab,ai,bj->nij", draws, basis, basis)[..., None].float()
    return Samples(Field(a, grid), Field(a + 0.1 * a**2, grid), A, U)


def waves(n: int, seed: int) -> Samples:
    """Trajectories of decaying waves on a circle, which begin with their inputs."""
    generator = torch.Generator().manual_seed(seed)
    space = Axis(16, periodic=True)
    x = 2 * torch.pi * space.points()
    u0 = torch.randn(n, 1, generator=generator, dtype=torch.float64) * torch.sin(x)
    decay = torch.linspace(1, 0.5, 5, dtype=torch.float64)
    u = (u0[:, None] * decay[:, None])[..., None].float()
    grid = Grid.of(Axis(5, 0, 1, name="t"), space)
    return Samples(Field(u[:, 0], Grid.of(space)), Field(u, grid), (Variable("u0"),), U)


def cook() -> None:
    """Makes all the files in the current folder."""
    _good_files()
    _odd_files()
    _truncated_files(np.random.default_rng(7))
    _runs()


def _good_files() -> None:
    train, test = square(24, 0), square(6, 1)
    write_netcdf(train, "train.nc")
    write_netcdf(test, "test.nc")
    write_netcdf(square(6, 2, size=16), "fine.nc")
    write_netcdf(waves(24, 0), "waves.nc")
    a, u = (side.values[..., 0] for side in (train.inputs, train.targets))
    torch.save({"x": a, "y": u}, "train.pt")
    np.savez("train.npz", x=a.numpy(), y=u.numpy())
    scipy.io.savemat("train.mat", {"a": a.numpy(), "u": u.numpy()})
    with h5py.File("train.h5", "w") as file:
        file["x"], file["y"] = a.numpy(), u.numpy()
    train.inputs.values[:5, ..., 0].numpy().tofile("raw.bin")
    forecast(waves(2, 0))  # the files must be of the kinds that the tests speak of


def _odd_files() -> None:
    train = square(24, 0)
    a, u = (side.values[..., 0].clone() for side in (train.inputs, train.targets))
    for name, value in {"nan": torch.nan, "inf": torch.inf}.items():
        bad = a.clone()
        bad[3, 2, 2] = value
        torch.save({"x": bad, "y": u}, f"{name}.pt")
        torch.save(bad, f"{name}-input.pt")
    torch.save([a, u], "list.pt")
    torch.save({"x": "words"}, "words.pt")
    torch.save({"x": a, "y": u[:-1]}, "lengths.pt")
    torch.save({"x": a[:1], "y": u[:1]}, "one.pt")
    torch.save({"x": a[:0], "y": u[:0]}, "none.pt")
    torch.save({"p": a, "q": u, "r": u}, "nameless.pt")
    torch.save({"x": Path("a class")}, "classes.pt")
    torch.save(a[..., None].expand(-1, -1, -1, 2), "two-channels.pt")
    torch.save(a[0, 0], "too-flat.pt")
    np.savez("complex.npz", x=a.numpy() + 1j, y=u.numpy() + 1j)
    np.savez("objects.npz", x=np.array([{}, 1], dtype=object), y=u.numpy())
    torch.save({"x": a, "y": u[..., None].expand(-1, -1, -1, 3)}, "three.pt")
    np.savez("text.npz", x=np.full((24, 8, 8), "a"), y=np.full((24, 8, 8), "b"))
    np.save("complex.npy", a.numpy() + 1j)
    Path("empty.nc").write_bytes(b"")
    Path("text.txt").write_text("x,y\n1,2\n")
    Path("folder").mkdir()
    Path("folder/notes.txt").write_text("nothing to see")
    write_netcdf(square(6, 3, stop=2.0), "wide.nc")
    write_netcdf(replace(square(6, 3), input_variables=(Variable("a", "km"),)), "km.nc")
    write_netcdf(replace(square(6, 3), input_variables=(Variable("b", "m"),)), "other-name.nc")
    doubled = square(6, 3)
    both = Field(doubled.inputs.values.repeat(1, 1, 1, 2), doubled.inputs.domain)
    write_netcdf(replace(doubled, inputs=both, input_variables=(*A, Variable("b"))), "two.nc")
    shutil.copy("train.nc", "newer.nc")
    with h5py.File("newer.nc", "r+") as file:
        file.attrs["fredholm_layout"] = 99
    shutil.copy("train.nc", "unfinished.nc")
    with h5py.File("unfinished.nc", "r+") as file:
        file["sample"][20:] = -1


def _truncated_files(rng: np.random.Generator) -> None:
    for kind in ("nc", "pt", "npz", "mat", "h5"):
        whole = Path(f"train.{kind}").read_bytes()
        for number in range(3):
            kept = int(rng.integers(1, int(0.9 * len(whole))))
            Path(f"cut-{number}.{kind}").write_bytes(whole[:kept])


def _runs() -> None:
    assert main(f"{FIT} --run run --json".split()) == 0
    weights = Path("run/weights.safetensors").read_bytes()
    story = json.loads(Path("run/surrogate.json").read_text())
    changes: dict[str, Callable[[Path], object]] = {
        "no-weights": lambda run: (run / "weights.safetensors").unlink(),
        "cut-weights": lambda run: (run / "weights.safetensors").write_bytes(weights[:99]),
        "cut-story": lambda run: (run / "surrogate.json").write_text(json.dumps(story)[:500]),
        "list-story": lambda run: (run / "surrogate.json").write_text("[]"),
        "poor-story": lambda run: (run / "surrogate.json").write_text('{"format": 1}'),
        "newer-run": lambda run: _store(run, story | {"format": 99}),
        "strange-run": lambda run: _store(run, story | {"operator": {"call": "os:system"}}),
        "cut-snapshot": lambda run: _unfinished(run, b"PK\x03\x04 nothing"),
        "odd-snapshot": lambda run: _unfinished(run, b"words"),
        "cut-run": lambda run: (run / "run.json").write_text("{"),
    }
    for name, change in changes.items():
        shutil.copytree("run", name)
        change(Path(name))


def _store(run: Path, story: dict) -> None:
    (run / "surrogate.json").write_text(json.dumps(story))


def _unfinished(run: Path, snapshot: bytes) -> None:
    (run / "surrogate.json").unlink()
    (run / "checkpoint.pt").write_bytes(snapshot)
