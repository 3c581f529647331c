"""Published systems, one card per file, found by name; nothing below imports them."""

import importlib

from fredholm.errors import FredholmError, did_you_mean
from fredholm.systems.card import Card, Outcome, Recipe, Task

SYSTEMS = {
    "beno": "fredholm.systems.beno",
    "cape": "fredholm.systems.cape",
    "causal": "fredholm.systems.causal",
    "coral": "fredholm.systems.coral",
    "deeponet": "fredholm.systems.deeponet",
    "fcn": "fredholm.systems.fcn",
    "fnn": "fredholm.systems.fnn",
    "fno": "fredholm.systems.fno",
    "gno": "fredholm.systems.gno",
    "gnot": "fredholm.systems.gnot",
    "linear": "fredholm.systems.linear",
    "lno": "fredholm.systems.lno",
    "lpinn": "fredholm.systems.lpinn",
    "mean": "fredholm.systems.mean",
    "mgkn": "fredholm.systems.mgkn",
    "mmgp": "fredholm.systems.mmgp",
    "nearest": "fredholm.systems.nearest",
    "nsm": "fredholm.systems.nsm",
    "nuno": "fredholm.systems.nuno",
    "pderefiner": "fredholm.systems.pderefiner",
    "persistence": "fredholm.systems.persistence",
    "pig": "fredholm.systems.pig",
    "pinn": "fredholm.systems.pinn",
    "rigno": "fredholm.systems.rigno",
    "pirate_net": "fredholm.systems.pirate_net",
    "sfno": "fredholm.systems.sfno",
    "siren": "fredholm.systems.siren",
    "specboost": "fredholm.systems.specboost",
    "spon": "fredholm.systems.spon",
    "stabno": "fredholm.systems.stabno",
    "stde": "fredholm.systems.stde",
    "t1": "fredholm.systems.t1",
    "unet": "fredholm.systems.unet",
    "upinn": "fredholm.systems.upinn",
}
"""Where each card is: key -> module with a constant `CARD`."""


def keys() -> list[str]:
    """Names of all systems, those of installed extensions included."""
    from importlib.metadata import entry_points

    return sorted({*SYSTEMS, *(point.name for point in entry_points(group="fredholm.systems"))})


def card(key: str) -> Card:
    """The card of that name.

    Third parties announce theirs by an entry point of the group `fredholm.systems` whose object is
    a `Card`.

    Raises:
        FredholmError: No system has this name.
    """
    if key in SYSTEMS:
        return importlib.import_module(SYSTEMS[key]).CARD
    from importlib.metadata import entry_points

    for point in entry_points(group="fredholm.systems", name=key):
        return point.load()
    near = did_you_mean(key, keys(), listed_by="fredholm systems")
    raise FredholmError(f"unknown system {key!r}: {near}")


__all__ = ["SYSTEMS", "Card", "Outcome", "Recipe", "Task", "card", "keys"]
