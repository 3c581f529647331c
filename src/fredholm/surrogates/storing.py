"""A surrogate as a folder: weights as safetensors and JSON, nothing of which is executed."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch

from fredholm import __version__
from fredholm.calls import describe, rebuild
from fredholm.errors import DataError, FormatError
from fredholm.operators import Operator
from fredholm.surrogates.limits import Limits
from fredholm.training import Record, write_atomically

FORMAT = 1
"""Version of the stored form; a greater one is refused."""

_RENAMED = {"input_grid": "input_domain", "target_grid": "target_domain"}
"""Parts of a signature by the names that were stored at first."""


def write(folder: Path, parts: Mapping[str, Any]) -> None:
    """Writes `weights.safetensors`, `surrogate.json` and the weights of the baselines.

    Args:
        folder: Where they go.
        parts: The arguments of a `Surrogate`.

    Raises:
        DataError: The folder cannot be written.
    """
    _save_weights(parts["operator"], folder / "weights.safetensors")
    for number, baseline in enumerate(parts["baselines"].values()):
        _save_weights(baseline, folder / f"baseline-{number}.safetensors")
    text = json.dumps(_to_json(parts), indent=1)
    write_atomically(folder / "surrogate.json", lambda path: path.write_text(text))


def read(folder: Path, own: Collection[type]) -> dict[str, Any]:
    """The arguments of the `Surrogate` that `write` wrote.

    Args:
        folder: The folder.
        own: Classes beside those of fredholm and of announced extensions that may be called.

    Raises:
        DataError: There is no surrogate, or a file of it cannot be read.
        FormatError: It was written by a later version, or is damaged.
    """
    path = folder / "surrogate.json"
    data = _read_json(path)
    try:
        parts = _from_json(data, own)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{path} is damaged: {error!r}") from error
    _load_weights(parts["operator"], folder / "weights.safetensors")
    for number, baseline in enumerate(parts["baselines"].values()):
        _load_weights(baseline, folder / f"baseline-{number}.safetensors")
    return parts


def _to_json(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "fredholm": __version__,
        "torch": torch.__version__,
        "operator": describe(parts["operator"]),
        "signature": describe(parts["signature"]),
        "limits": parts["limits"].to_json(),
        "baselines": {name: describe(each) for name, each in parts["baselines"].items()},
        "expected_error": parts["expected_error"],
        "expected_growth": list(parts["expected_growth"]),
        "record": parts["record"].to_json(),
        "origin": dict(parts["origin"]),
    }


def _from_json(data: Mapping[str, Any], own: Collection[type]) -> dict[str, Any]:
    signature = {_RENAMED.get(name, name): part for name, part in data["signature"].items()}
    return {
        "operator": rebuild(data["operator"], own),
        "signature": rebuild(signature),
        "record": Record.from_json(data["record"]),
        "limits": Limits.from_json(data["limits"]),
        "baselines": {name: rebuild(call) for name, call in data["baselines"].items()},
        "expected_error": data["expected_error"],
        "expected_growth": tuple(data.get("expected_growth", ())),
        "origin": data["origin"],
    }


def _save_weights(operator: Operator, path: Path) -> None:
    from safetensors.torch import save

    state = {k: v.detach().cpu().contiguous() for k, v in operator.state_dict().items()}
    # Python writes the bytes: a full disk is then an OSError like any other.
    write_atomically(path, lambda partial: partial.write_bytes(save(state)))


def _load_weights(operator: Operator, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(path)
        operator.load_state_dict(state)
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing: the surrogate's folder is not complete") from error
    except (SafetensorError, OSError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise FormatError(f"{path} does not hold the weights of this operator: {first}") from error
    operator.eval()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text())
        version = data["format"]
    except FileNotFoundError as error:
        raise DataError(
            f"{path.parent} holds no surrogate (no {path.name}): give the folder that "
            "`fredholm fit` printed"
        ) from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise FormatError(f"{path} cannot be read: {error!r}") from error
    if not isinstance(version, int) or version > FORMAT:
        raise FormatError(
            f"{path} has format {version}, this fredholm {__version__} reads up to {FORMAT}: "
            "install a later version"
        )
    return data
