"""Mesh morphing Gaussian process."""

from fredholm.domains import Scattered
from fredholm.models import MMGP
from fredholm.operators import Operator
from fredholm.systems.card import Card, Task


def build(
    task: Task,
    *,
    shape_modes: int = 8,
    input_modes: int = 16,
    modes: int = 16,
    restarts: int = 1,
) -> Operator:
    """An MMGP on the meshes of the samples.

    Args:
        task: What it is built for.
        shape_modes: Principal components of the coordinates.
        input_modes: Principal components of each input channel.
        modes: Principal components of each target.
        restarts: Searches for the hyper-parameters of each Gaussian process.
    """
    shape = task.signature
    points = shape.input_grid
    if not isinstance(points, Scattered) or points.kind != "triangle" or len(points.bounds) != 2:
        raise ValueError(f"shapes are compared on meshes of triangles in the plane, got {points}")
    if shape.time is not None or points.time is not None:
        raise ValueError("mmgp leads to functions of space, these samples have times")
    return MMGP(
        *task.channels,
        params=len(shape.params),
        shape_modes=shape_modes,
        input_modes=input_modes,
        modes=modes,
        restarts=restarts,
    )


CARD = Card(
    key="mmgp",
    title="Mesh morphing Gaussian process: shapes without holes, with error bars",
    reference="Casenave, Staber & Roynard, NeurIPS 2023, arXiv:2305.12871",
    build=build,
    closed_form=True,
    conditioned=True,
    scattered=True,
    published=(
        "Relative errors on Rotor37, Tensile2d and AirfRANS mostly below those of graph networks, "
        "after minutes on a CPU instead of hours on a graphics card (no figures at hand)"
    ),
    for_use="on few samples of shapes without holes that vary smoothly; answers with error bars",
)
