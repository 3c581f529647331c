"""Where the values of answers are prescribed, as samples show it or as the user says."""

from fredholm.data import Samples
from fredholm.domains import space_of, stacked
from fredholm.operators import Operator, Prescribed

_EQUAL = 1e-5
"""Distance from prescribed values, relative to the largest value, up to which targets have them."""


def with_prescribed(operator: Operator, samples: Samples, asked: str) -> Operator:
    """The operator with known values on parts of the boundary.

    The values are those of the input channels that live on the boundary, if there is one for each
    target, and otherwise zero.

    Args:
        operator: In physical units.
        samples: Some training samples.
        asked: Names of parts, joined by commas, or `auto` for those where the targets of all these
            samples have these values.

    Raises:
        ValueError: There is no such part, or the samples have other values there.
    """
    parts = samples.signature.input_domain.parts  # type: ignore[union-attr]
    data = [n for n, label in enumerate(samples.input_variables) if label.support == "boundary"]
    sources: list[int | None] = [None] * len(samples.target_variables)
    if len(data) == len(sources):
        sources = [*data]
    chosen = [
        [part for part in parts if _holds(samples, channel, source, part)]
        for channel, source in enumerate(sources)
    ]
    if asked != "auto":
        names = known_parts(names_in(asked), parts)
        for channel, found in enumerate(chosen):
            wrong = [name for name in names if name not in found]
            if wrong:
                target = samples.target_variables[channel].name
                known = "zero" if sources[channel] is None else "the given boundary values"
                raise ValueError(
                    f"prescribed names the part {wrong[0]!r}, but {target!r} is not {known} there "
                    "in the training samples"
                )
        chosen = [[*names] for _ in chosen]
    return Prescribed(operator, chosen, sources) if any(chosen) else operator


def _holds(samples: Samples, channel: int, source: int | None, part: str) -> bool:
    """Whether the targets have their prescribed values on a part, in all samples."""
    domains = stacked(space_of(samples.inputs.domain), len(samples))
    target = samples.targets.values[..., channel]
    largest = target.abs().max()
    for row, member in enumerate(domains):
        if part not in member.parts:
            continue
        at = member.on(part)
        value = 0.0 if source is None else samples.inputs.values[row, at, source]
        if ((target[row][..., at] - value).abs() > _EQUAL * largest).any():
            return False
    return True


def names_in(joined: str) -> tuple[str, ...]:
    """Names that are joined by commas."""
    return tuple(name.strip() for name in joined.split(",") if name.strip())


def known_parts(names: tuple[str, ...], parts: tuple[str, ...]) -> tuple[str, ...]:
    """The names, if all of them are parts.

    Raises:
        ValueError: One is not.
    """
    for name in names:
        if name not in parts:
            raise ValueError(
                f"prescribed names the part {name!r}; the parts are {', '.join(parts)}"
            )
    return names
