"""What a command says: results on standard output, everything else on standard error."""

import json
import math
import sys
import textwrap
import time
from collections.abc import Sequence
from typing import Any, Self


class Output:
    """The voice of one command.

    With `as_json` standard output carries nothing but one JSON object, on its last line.
    """

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json

    def note(self, sentence: str) -> None:
        """What is being done or was decided."""
        print(sentence, file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        """A result, for a person."""
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def result(self, content: dict[str, Any]) -> None:
        """The same result, for a program; numbers that are not finite become null."""
        if self.as_json:
            print(json.dumps(plain(content), allow_nan=False), flush=True)

    def progress(self, title: str) -> "Progress":
        """A bar, or a few lines where nobody watches."""
        return Progress(title)


class Progress:
    """How far a long task is: a bar on a terminal, else a line for each tenth.

    Fractions may only grow. The time left is that of the same pace.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.began = time.monotonic()
        self.first = self.fraction = self.told = 0.0
        self._bar: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from tqdm import tqdm

            form = "{desc} {percentage:3.0f} %|{bar:24}| {elapsed}, {remaining} left{postfix}"
            self._bar = tqdm(total=1.0, desc=self.title, bar_format=form, file=sys.stderr)
        return self

    def __exit__(self, *failure: Any) -> None:
        if self._bar is not None:
            self._bar.close()

    def resume(self, fraction: float) -> None:
        """Where the task was found: what was done earlier does not count for the pace."""
        self.first = self.fraction = self.told = fraction
        if self._bar is not None:
            self._bar.initial = fraction
            self._bar.update(fraction)

    def advance(self, fraction: float, news: str = "") -> None:
        """The task has come so far."""
        if self._bar is not None:
            self._bar.set_postfix_str(news, refresh=False)
            self._bar.update(fraction - self.fraction)
        elif fraction >= self.told + 0.1 - 1e-9 or (fraction >= 1 > self.fraction):
            self.told = math.floor(10 * fraction + 1e-9) / 10
            line = f"{self.title} {fraction:4.0%}, {duration(self.left(fraction))} left"
            print(line + (f", {news}" if news else ""), file=sys.stderr, flush=True)
        self.fraction = fraction

    def left(self, fraction: float) -> float:
        """Seconds until the end at the pace so far."""
        done = fraction - self.first
        return (time.monotonic() - self.began) * (1 - fraction) / done if done > 0 else 0.0


def plain(value: Any) -> Any:
    """The same with null in place of numbers that JSON cannot say."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def duration(seconds: float) -> str:
    """A time for people: `8 s`, `4 min 10 s`, `2 h 5 min`."""
    total = round(seconds)
    if total < 100:
        return f"{total} s"
    if total < 6000:
        return f"{total // 60} min {total % 60} s"
    return f"{total // 3600} h {total % 3600 // 60} min"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns: the first to the left, all others to the right."""
    lines = [header, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(t.rjust(w) for t, w in zip(line[1:], widths[1:]))])
        for line in lines
    )


def flag_line(name: str, default: Any, meaning: str) -> str:
    """A parameter with its default and its meaning, in lines of at most a hundred columns."""
    flag = f"  --{name.replace('_', '-')} {default}"
    return (
        textwrap.fill(meaning, 100, initial_indent=f"{flag:24} ", subsequent_indent=" " * 25)
        or flag
    )


def one_line(text: str, limit: int = 400) -> str:
    """A message without line breaks; of a long one the beginning and the end."""
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 123]} ... {text[-118:]}"
