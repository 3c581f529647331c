"""Which symmetries a training uses: what is asked for, what the problem says, what samples show."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from fredholm.data import Samples
from fredholm.data.discover import discover
from fredholm.domains import Grid
from fredholm.errors import FredholmError, did_you_mean
from fredholm.fields import Group, MapSymmetry, NamedSymmetry, Signature, members
from fredholm.fields.map_symmetries import is_trivial
from fredholm.fields.symmetries import GROUPS

Tell = Callable[[str], None]

_ENOUGH = 40
"""Fewest samples on which symmetries are tested."""
_SHARP = 0.6
"""Largest relative error of the test's predictor at which its verdict is used."""
_SHOWN = 4
"""Symmetries that are told one by one."""


def chosen_symmetries(
    head: Samples, wanted: Group, seed: int, tell: Tell = lambda sentence: None
) -> tuple[Group, bool]:
    """The group to use, and whether the map commutes with shifts.

    Shifts are asked for whatever is wanted: they decide whether the network is shown coordinates.

    Args:
        head: Some training samples.
        wanted: A group, or `"auto"` for the largest that the problem of the samples has, or else
            that they support beyond doubt.
        seed: Of the test.
        tell: Called with sentences about what was found.

    Raises:
        FredholmError: The group is not known, or acts on other functions.
    """
    scattered = not isinstance(head.targets.domain, Grid)
    if wanted != "auto":
        _require(wanted, head.signature, scattered)
    if scattered:
        return "none", False
    stated = tuple(str(name) for name in head.origin.get("symmetries", ()))
    if stated:
        tell(f"symmetries, as the problem states them: {', '.join(stated)}")
    derived = _derived(head, tell)
    found = stated or _tested(head, seed, tell, ("translations",) if derived else None)
    best = _largest(head, derived, [name for name in found if name != "translations"])
    return (best if wanted == "auto" else wanted), "translations" in found


def _require(wanted: Group, shape: Signature, scattered: bool) -> None:
    """Refuses a group that is not known or does not act on such functions."""
    name = wanted.partition(":")[0] if isinstance(wanted, str) else "none"
    if name not in GROUPS:
        raise FredholmError(f"unknown symmetry {wanted!r}: {did_you_mean(name, ['auto', *GROUPS])}")
    try:
        group = members(wanted, shape.spatial_dim)
    except ValueError as error:
        raise FredholmError(str(error)) from error
    if is_trivial(wanted):
        return
    if scattered:
        raise FredholmError(
            f"symmetry {wanted!r} exchanges samples of a grid; these are scattered points: "
            "use symmetry 'none'"
        )
    for symmetry in group:
        if not symmetry.inputs.fits(shape.input_domain):  # type: ignore[arg-type]
            raise FredholmError(
                f"symmetry {wanted!r} exchanges axes that are not alike on {shape.input_domain}: "
                "use symmetry 'reflections'"
            )
        for side, change, variables in (
            ("inputs", symmetry.inputs, shape.inputs),
            ("targets", symmetry.targets, shape.targets),
        ):
            if len(change.signs) not in (1, len(variables)):
                raise FredholmError(
                    f"symmetry {wanted!r} says what becomes of {len(change.signs)} channels, the "
                    f"{side} have {len(variables)}: {', '.join(map(str, variables))}"
                )


def _derived(head: Samples, tell: Tell) -> tuple[MapSymmetry, ...]:
    """The symmetries that the equations of the samples have, as far as they fit the grid.

    They are those of the values of the parameters that the samples' problem has, and so of no use
    where samples differ in one of these.
    """
    varied = {variable.name for variable in head.param_variables}
    if varied & {*head.origin.get("parameters", ())}:
        return ()
    stored = [NamedSymmetry.from_json(s) for s in head.origin.get("derived_symmetries", ())]
    inputs, targets = (
        [v.name for v in side] for side in (head.input_variables, head.target_variables)
    )
    found: dict[MapSymmetry, str] = {}
    for symmetry in stored:
        try:
            pair = MapSymmetry(symmetry.on(inputs), symmetry.on(targets))
        except KeyError:  # other functions are needed than these samples have
            continue
        if pair.inputs.fits(head.inputs.grid):
            images = {name: symmetry.images[name] for name in (*inputs, *targets)}
            found.setdefault(pair, str(replace(symmetry, images=images)))
    if len(found) > 1:
        shown = list(found.values())[1 : 1 + _SHOWN]
        rest = ["..."] if len(found) > 1 + _SHOWN else []
        tell(f"symmetries, {len(found)} by its equations: {'; '.join(shown + rest)}")
    return tuple(found)


def _tested(head: Samples, seed: int, tell: Tell, groups: Sequence[str] | None) -> tuple[str, ...]:
    """The symmetries that a test of the samples supports beyond doubt."""
    if groups is not None and not any(axis.periodic for axis in head.inputs.grid.axes):
        return ()
    if len(head) < _ENOUGH:
        tell(f"symmetries are not tested on fewer than {_ENOUGH} samples")
        return ()
    generator = torch.Generator().manual_seed(seed)
    findings = discover(head, generator=generator, groups=groups)
    if findings.groups:
        tell(str(findings))
    # A predictor that hardly beats the mean would not notice a broken symmetry.
    found = findings.supported if findings.error < _SHARP else ()
    if _contradict(found, head):
        # Together they would make the map odd. The test's predictor is nearly linear, and so nearly
        # odd itself: it cannot tell which of the two holds.
        tell("  a reflection holds with or without a change of sign: state which with --symmetry")
        return tuple(name for name in found if name == "translations")
    return found


def _contradict(names: Sequence[str], head: Samples) -> bool:
    """Whether two groups move points alike and channels in different ways."""
    kept: dict[tuple, tuple] = {}
    channels = head.inputs.channels
    for name in names:
        for member in members(name, head.signature.spatial_dim) if name != "translations" else ():
            g = member.inputs
            signs = g.signs if len(g.signs) > 1 else g.signs * channels
            change = signs, g.sources or tuple(range(channels))
            if kept.setdefault((g.order, g.flips), change) != change:
                return True
    return False


def _largest(head: Samples, derived: tuple[MapSymmetry, ...], names: Sequence[str]) -> Group:
    """The largest group, as far as it fits the grid; by its name where it has one and fits."""
    groups: list[tuple[int, Group]] = [(len(derived), derived)]
    for name in names:
        group = members(name, head.signature.spatial_dim)
        fitting = tuple(member for member in group if member.inputs.fits(head.inputs.grid))
        groups.append((len(fitting), name if len(fitting) == len(group) else fitting))
    size, best = max(groups, key=lambda each: each[0])
    return best if size > 1 else "none"
