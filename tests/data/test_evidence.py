import numpy as np
import pytest

from fredholm.data.readers.evidence import Seam, seam

N = 48
RNG = np.random.default_rng(1)
WEIGHTS = RNG.standard_normal((200, 12)) / np.arange(1, 13) ** 2


def functions(family: str, x: np.ndarray) -> np.ndarray:
    k = np.arange(1, 13)[:, None]
    basis = {
        "periodic": np.where(k % 2, np.sin(np.pi * (k + 1) * x), np.cos(np.pi * k * x)),
        "zero": np.sin(np.pi * k * x),
        "flux": np.cos(np.pi * k * x),
    }[family]
    return WEIGHTS @ basis


PLACES = {
    "left": np.arange(N) / N,
    "node": np.linspace(0, 1, N),
    "cell": (np.arange(N) + 0.5) / N,
}


@pytest.mark.parametrize(
    ("family", "place", "periodic", "location", "repeated"),
    [
        ("periodic", "left", True, None, False),
        ("periodic", "cell", True, None, False),
        ("periodic", "node", True, None, True),
        ("zero", "left", False, "left", False),
        ("zero", "node", False, "node", False),
        ("zero", "cell", False, None, False),
        ("flux", "node", False, None, False),
        ("flux", "cell", False, None, False),
    ],
)
def test_ends_are_judged_by_the_values(
    family: str, place: str, periodic: bool, location: str | None, repeated: bool
) -> None:
    found = seam(functions(family, PLACES[place]))
    assert (found.periodic, found.location, found.repeated_end) == (periodic, location, repeated)


def test_steps_alone_would_call_a_zero_boundary_periodic() -> None:
    values = functions("zero", PLACES["left"])
    steps = np.sqrt((np.diff(values, axis=1) ** 2).mean(0)).max()
    assert np.sqrt(((values[:, 0] - values[:, -1]) ** 2).mean()) < 1.5 * steps
    assert not seam(values).periodic


def test_an_odd_pixel_does_not_hide_the_boundary() -> None:
    values = functions("zero", PLACES["left"])
    values[3, 0] = 1.0
    assert seam(values).location == "left"


@pytest.mark.parametrize("values", [np.ones((9, 20)), np.full((9, 20), np.nan), np.ones((9, 3))])
def test_nothing_is_concluded_from_nothing(values: np.ndarray) -> None:
    assert seam(values) == Seam(False, None, seam(values).reason)
