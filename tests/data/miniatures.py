"""Miniature files in the layouts of others, made here from formulas and never copied."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import torch
import xarray

from fredholm.data import Samples, write_netcdf
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Variable

N, T, M = 6, 9, 24


def waves(shape: tuple[int, ...], *, seed: int = 0, modes: int = 3) -> np.ndarray:
    """Smooth periodic functions on the last axis, varying over all others."""
    rng = np.random.default_rng(seed)
    x = 2 * np.pi * np.arange(shape[-1]) / shape[-1]
    basis = np.stack([f(k * x) for k in range(1, modes + 1) for f in (np.sin, np.cos)])
    return rng.standard_normal((*shape[:-1], 2 * modes)) @ basis


def plane(n: int, *, seed: int = 0) -> np.ndarray:
    """Functions on the square at the nodes of a grid, zero on its whole boundary."""
    rng = np.random.default_rng(seed)
    s = np.sin(np.pi * np.outer(np.arange(1, 4), np.linspace(0, 1, M)))
    s[:, [0, -1]] = 0
    return np.einsum("nab,ai,bj->nij", rng.standard_normal((n, 3, 3)), s, s)


def samples(n: int = N, *, params: bool = True, seed: int = 0) -> Samples:
    """Samples with everything that a file has to keep."""
    generator = torch.Generator().manual_seed(seed)
    space = Grid.of(
        Axis(8, -1.0, 1.0, True, name="x", units="m"), Axis(5, 0, 0.1, location="cell", name="y")
    )
    time = Axis(4, 0.0, 0.3, name="t", units="s")

    def draw(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    return Samples(
        Field(draw(n, 8, 5, 2, dtype=torch.float32), space),
        Field(draw(n, 4, 8, 5, 2), Grid.of(time, *space.axes)),
        (Variable("u", "m/s", "velocity"), Variable("a")),
        (Variable("u", "m/s", "velocity"), Variable("x", "1")),
        draw(n, 1) if params else None,
        (Variable("nu", "m2/s"),) if params else (),
        {"problem": "none", "seed": seed, "equations": {"u": {"text": "u = 0"}}, "list": [1, 2.5]},
        draw(n).abs(),
    )


def own(path: Path) -> None:
    write_netcdf(samples(), path)


def pt_darcy(path: Path) -> None:
    u = plane(N)[:, :-1, :-1]
    torch.save({"x": torch.from_numpy(u > 0.1), "y": torch.from_numpy(u).float()}, path)


def pt_burgers(path: Path) -> None:
    y = torch.from_numpy(waves((N, T, M)))
    torch.save({"x": y[:, 0].clone(), "y": y, "visc": torch.full((1, 1), 0.01)}, path)


def mat_burgers(path: Path) -> None:
    a = waves((N, M))
    scipy.io.savemat(path, {"a": a, "u": a**2, "visc": 0.1})


def mat_darcy(path: Path) -> None:
    u = plane(N)
    coeff = np.where(u > 0.1, 12.0, 4.0)
    scipy.io.savemat(path, {"coeff": coeff, "sol": u, "Kcoeff": coeff, "Kcoeff_x": coeff})


def mat_trajectory(path: Path) -> None:
    u = waves((T, M)).T
    scipy.io.savemat(path, {"uu": u, "x": np.arange(M) / M, "tt": np.linspace(0, 1, T)})


def mat73_ns(path: Path) -> None:
    a = waves((N, M, M)) + waves((N, M, M), seed=1).swapaxes(1, 2)
    t = np.arange(1.0, T + 1)[None]
    u = a[..., None] * (t[0] + 1)
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in {"a": a, "u": u, "t": t}.items():
            file[name] = array.transpose().astype(np.float32)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")


def npz(path: Path) -> None:
    a = waves((N, M))
    with path.open("wb") as file:
        np.savez(file, inputs=a, targets=np.stack([-a, 2 * a], -1), mu=np.arange(N), note="text")


def pdebench_1d(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["tensor"] = waves((N, T, M)).astype(np.float32)
        file["x-coordinate"] = ((np.arange(M) + 0.5) / M).astype(np.float32)
        file["t-coordinate"] = np.linspace(0, 2, T + 1).astype(np.float32)
        file.attrs["beta"] = 0.4


def pdebench_1d_stray(path: Path) -> None:
    pdebench_1d(path)
    with h5py.File(path, "r+") as file:
        tensor = file["tensor"][...]
        del file["tensor"]
        file["tensor"] = tensor[None]


def pdebench_darcy(path: Path) -> None:
    centres = ((np.arange(M) + 0.5) / M).astype(np.float32)
    s = np.sin(np.pi * np.outer(np.arange(1, 4), centres))
    u = np.einsum("nab,ai,bj->nij", np.random.default_rng(0).standard_normal((N, 3, 3)), s, s)
    with h5py.File(path, "w") as file:
        file["nu"] = np.where(u > 0.1, 1.0, 0.1).astype(np.float32)
        file["tensor"] = u[:, None].astype(np.float32)
        file["x-coordinate"] = file["y-coordinate"] = centres
        file.attrs["beta"] = 1.0


def pdebench_cfd(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for number, name in enumerate(("density", "pressure", "Vx", "Vy")):
            file[name] = waves((N, T, M, M), seed=number).astype(np.float32)
        for name in "xy":
            file[f"{name}-coordinate"] = ((np.arange(M) + 0.5) / M).astype(np.float32)
        file["t-coordinate"] = np.linspace(0, 1, T + 1).astype(np.float32)
        file.attrs.update(eta=0.01, zeta=0.01, M=0.1)


def pdebench_grouped(path: Path) -> None:
    rows = M - 4
    centres = {"x": (np.arange(M) + 0.5) / M * 2 - 1, "y": (np.arange(rows) + 0.5) / rows * 2 - 1}
    with h5py.File(path, "w") as file:
        for number in range(N):
            group = file.create_group(f"{number:04d}")
            shape = (T, rows, M)
            group["data"] = np.stack(
                [waves(shape, seed=number), waves(shape, seed=-number - 1 + 99)], -1
            )
            group["grid/t"] = np.linspace(0, 5, T)
            for name, values in centres.items():
                group[f"grid/{name}"] = values
            group.attrs["config"] = "k: 0.005"


def pdebench_ns(path: Path) -> None:
    with h5py.File(path, "w") as file:
        velocity = np.stack([waves((N, T, M, M), seed=k) for k in (0, 1)], -1)
        file["velocity"] = velocity.astype(np.float32)
        file["particles"] = waves((N, T, M, M), seed=2)[..., None].astype(np.float32)
        file["force"] = velocity[:, 0].astype(np.float32)
        file["t"] = np.tile(np.linspace(0, 5, T), (N, 1))


def the_well(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs.update(
            dataset_name="made",
            grid_type="cartesian",
            n_spatial_dims=2,
            n_trajectories=N,
            simulation_parameters=["Re"],
            Re=100.0,
        )
        dims = file.create_group("dimensions")
        dims.attrs["spatial_dims"] = ["x", "y"]
        for name, values in {
            "time": np.linspace(0, 1, T),
            "x": np.arange(M) / M,
            "y": np.linspace(0, 1, M),
        }.items():
            dims[name] = values
            dims[name].attrs["sample_varying"] = False
        for name, kind in {"x": "PERIODIC", "y": "WALL"}.items():
            part = file.create_group(f"boundary_conditions/{name}_{kind}")
            part.attrs.update(associated_dims=[name], bc_type=kind)

        def put(key: str, values: np.ndarray, *, sample=True, time=True, varying=(True, True)):
            file[key] = values
            file[key].attrs.update(sample_varying=sample, time_varying=time, dim_varying=varying)

        put("t0_fields/pressure", waves((N, T, M, M)).astype(np.float32))
        put(
            "t0_fields/height",
            waves((M,)).astype(np.float32),
            sample=False,
            time=False,
            varying=(True, False),
        )
        put("t1_fields/velocity", waves((N, T, M, M, 2), seed=1).astype(np.float32))
        put("t2_fields/stress", waves((N, T, M, M, 2, 2), seed=2).astype(np.float32))
        file["scalars/Ra"] = np.arange(N, dtype=float)
        file["scalars/Ra"].attrs.update(sample_varying=True, time_varying=False)


def _dataset() -> xarray.Dataset:
    u = waves((N, T, M))
    return xarray.Dataset(
        {
            "start": (("case", "x"), u[:, 0], {"units": "K"}),
            "state": (("case", "time", "x"), u, {"units": "K", "long_name": "temperature"}),
            "mask": (("x",), np.ones(M)),
        },
        {"x": ("x", np.arange(M) / M, {"units": "m"}), "time": ("time", np.linspace(0, 2, T))},
    )


def netcdf3(path: Path) -> None:
    _dataset().to_netcdf(path, engine="scipy")


def netcdf4(path: Path) -> None:
    _dataset().to_netcdf(path, engine="h5netcdf")


MAKERS: dict[str, Callable[[Path], None]] = {
    f.__name__: f
    for f in (
        own, pt_darcy, pt_burgers, mat_burgers, mat_darcy, mat_trajectory, mat73_ns, npz,
        pdebench_1d, pdebench_1d_stray, pdebench_darcy, pdebench_cfd, pdebench_grouped, pdebench_ns,
        the_well, netcdf3, netcdf4,
    )
}  # fmt: skip


def zarr_store(path: Path) -> None:
    """A folder; not among `MAKERS`, which are single files."""
    pytest.importorskip("zarr")
    _dataset().to_zarr(path, zarr_format=2)
