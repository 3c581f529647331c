"""What a run was: what was asked, from which data, at what cost, and how to repeat it."""

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from fredholm.benchmarks.machine import machine
from fredholm.benchmarks.page import Html, element, facts, joined
from fredholm.benchmarks.wording import call, compact, counted, duration, pairs, percent, whole
from fredholm.data import Samples
from fredholm.domains import Domain, Scattered
from fredholm.fields import Field, NamedSymmetry, Variable
from fredholm.surrogates import Evaluation, Surrogate

_KNOWN = (
    "file", "source", "format", "assumed", "equations", "equation", "title", "problem",
    "derived_symmetries",
)  # fmt: skip
"""Parts of the provenance that are shown in a form of their own."""
_MACHINE = {"cpu": "CPU", "gpu": "GPU", "memory_gib": "Memory, GiB"}
"""Names that are not just capitalised."""


def asked(surrogate: Surrogate, command: str) -> Html:
    """The command and everything that determined the run."""
    settings = surrogate.record.settings
    shown = ("objective", "optimiser", "budget", "batch", "seed")
    return facts(
        [
            ("Command", element("code", command)),
            ("System", element("code", call(surrogate.operator))),
            *((name.capitalize(), str(settings.get(name, ""))) for name in shown),
        ]
    )


def data(surrogate: Surrogate, evaluations: Mapping[str, tuple[Samples, Evaluation]]) -> list[Html]:
    """What the training samples and each set of test samples are."""
    shape = surrogate.signature
    sides = (
        ("Input", _side(shape.inputs, shape.input_domain)),
        ("Target", _side(shape.targets, shape.target_domain)),
    )
    rows = [("Trained on", trained_on(surrogate)), *sides, *_provenance(surrogate.origin)]
    parts = [element("h3", "Training samples"), facts(rows)]
    for name, (samples, evaluation) in evaluations.items():
        tested = _tested(samples, evaluation)
        fresh = [row for row in tested if row not in rows or row[0] == "Samples"]
        parts += [element("h3", f"Test samples: {name}"), facts(fresh)]
        if len(fresh) < len(tested):
            parts.append(element("p", "All else is as in the training samples.", class_="note"))
    return parts


def trained_on(surrogate: Surrogate) -> str:
    """How much it was trained on, where that is known; of trajectories, what was seen of them."""
    count = surrogate.record.settings.get("samples")
    thing = "sample" if surrogate.signature.step is None else "step"
    return "" if count is None else counted(count, thing)


def _tested(samples: Samples, evaluation: Evaluation) -> list[tuple[str, str]]:
    reference = evaluation.reference_error
    known = ""
    if reference is not None:
        known = f"estimated at {percent(float(reference.mean()))} (mean), "
        known += f"{percent(float(reference.max()))} (largest)"
    sides = (
        ("Input", samples.input_variables, samples.inputs),
        ("Target", samples.target_variables, samples.targets),
    )
    return [
        ("Samples", whole(len(samples))),
        *((name, f"{_side(labels, u.domain)}; {_range(u)}") for name, labels, u in sides),
        ("Error of the truth", known),
        *_provenance(samples.origin),
    ]


def _side(variables: tuple[Variable, ...], domain: Domain | Scattered) -> str:
    """Channels, and the points that they are on."""
    return f"{', '.join(map(str, variables)) or 'the shape alone'} on {domain}"


def _range(u: Field) -> str:
    if not u.values.numel():
        return "no values"
    low, high = (f"{float(end):.3g}".replace("-", "−") for end in u.values.aminmax())
    return f"values from {low} to {high}"


def _provenance(origin: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where samples come from; folders are left out, they belong to nobody else's machine."""
    equations = origin.get("equations") or {}
    texts = [e.get("text", "") if isinstance(e, Mapping) else str(e) for e in equations.values()]
    files = [PurePath(str(origin[key])).name for key in ("file", "source") if origin.get(key)]
    own = [NamedSymmetry.from_json(each) for each in origin.get("derived_symmetries", ())]
    others = [
        (_title(key), _told(value))
        for key, value in origin.items()
        if key not in _KNOWN and value not in (None, "", [], {}, ())
    ]
    return [
        ("Problem", str(origin.get("title") or origin.get("problem") or "")),
        ("Equation", _listed(texts, code=True)),
        ("File", ", made from ".join(files)),
        ("Format", str(origin.get("format") or "")),
        ("Found or assumed", _listed(origin.get("assumed") or ())),
        ("Symmetries by its equations", _listed(map(str, own[1:]))),
        *others,
    ]


def _told(value: Any) -> str:
    """A part of the provenance as text: a call as it is made, named parts one after the other."""
    named = isinstance(value, Mapping) and "call" not in value
    return pairs(_texts(value)) if named else compact(value)


def _texts(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Expressions that are stored with their trees as their texts; all else as it is."""
    return {
        name: part["text"] if isinstance(part, Mapping) and "text" in part else part
        for name, part in stated.items()
    }


def _title(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _listed(sentences: Iterable[str], *, code: bool = False) -> Html:
    """A list; a single item stands for itself, and nothing for an empty one."""
    items = [element("code", s) if code else s for s in map(str, sentences)]
    if len(items) < 2:
        return joined(items)
    return element("ul", *(element("li", item) for item in items))


def cost(
    surrogate: Surrogate,
    evaluations: Mapping[str, tuple[Samples, Evaluation]],
    seconds: Mapping[str, float],
) -> Html:
    """Seconds of training, time per prediction, size and hardware."""
    record = surrogate.record
    device, threads = record.device.get("name", ""), record.device.get("threads")
    steps = ""
    if record.steps:
        pace = duration(record.seconds / record.steps)
        steps = f"{whole(record.steps)} in {counted(record.epochs, 'epoch')}, {pace} each"
    return facts(
        [
            ("Training", duration(record.seconds)),
            ("Steps", steps),
            ("Parameters", whole(record.parameters) if record.parameters else ""),
            ("Trained on", f"{device}, {counted(threads, 'thread')}" if threads else str(device)),
            *(
                (f"Prediction, {name}", f"{duration(e.seconds / len(e.errors))} per sample")
                for name, (_, e) in evaluations.items()
            ),
            ("Wall clock", ", ".join(f"{name} {duration(s)}" for name, s in seconds.items())),
        ]
    )


def repeat(surrogate: Surrogate, command: str) -> list[Html]:
    """The command, its seed, the versions and the machine."""
    found, seed = machine(), surrogate.record.settings.get("seed")
    budget = str(surrogate.record.settings.get("budget", ""))
    exact = "The same seed gives the same numbers on the same machine and versions."
    if "seconds" in budget:
        exact = "With a budget in seconds two runs agree only approximately."
    rows = [("Seed", "" if seed is None else f"{seed}. {exact}")]
    for key, value in found.items():
        rows.append((_MACHINE.get(key, _title(key)), "" if value is None else str(value)))
    return [element("pre", command), facts(rows)]
