"""What a check of samples has to say."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
_SHOWN = 8


@dataclass(frozen=True)
class Finding:
    """One statement on a data set.

    Args:
        severity: An error makes the data unfit, a warning needs a look, info is a result.
        kind: Which check spoke, in a word.
        message: One sentence.
        samples: Numbers of the samples that it is about.
    """

    severity: Severity
    kind: str
    message: str
    samples: tuple[int, ...] = ()

    def __str__(self) -> str:
        if not self.samples:
            return f"{self.severity}: {self.message}"
        return f"{self.severity}: {self.message} (samples {listed(self.samples)})"


@dataclass(frozen=True)
class Report:
    """All findings of a check, the gravest first.

    Args:
        name: What was checked.
        findings: In order of severity.
    """

    name: str
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, name: str, findings: Sequence[Finding]) -> "Report":
        """The report with its findings put in order."""
        order = ("error", "warning", "info")
        return cls(name, tuple(sorted(findings, key=lambda f: order.index(f.severity))))

    @property
    def ok(self) -> bool:
        """Whether no finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {"name": self.name, "ok": self.ok, "findings": [asdict(f) for f in self.findings]}

    def __str__(self) -> str:
        counts = [sum(f.severity == s for f in self.findings) for s in ("error", "warning")]
        told = [
            f"{count} {what}{'' if count == 1 else 's'}"
            for count, what in zip(counts, ("error", "warning"), strict=True)
        ]
        head = f"{self.name}: {', '.join(told)}"
        return "\n".join([head, *(f"  {finding}" for finding in self.findings)])


def listed(numbers: Sequence[int]) -> str:
    """The first numbers, and how many more there are."""
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return ", ".join(map(str, numbers[:_SHOWN])) + more
