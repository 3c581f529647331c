"""Flags derived from signatures and docstrings."""

from collections.abc import Sequence
from typing import Literal

import pytest

from fredholm.cli.flags import add_flags, chosen, documented
from fredholm.cli.output import Progress, duration, one_line, plain
from fredholm.cli.parser import Parser
from fredholm.errors import FredholmError


def network(
    task: object,
    *,
    modes: int = 12,
    rate: float | None = None,
    sizes: Sequence[int] = (3, 4),
    kind: Literal["one", "two"] = "one",
    bias: bool = True,
    activation: object = None,
    batch: int = 1,
) -> None:
    """A network.

    Args:
        task: What it is for.
        modes: Retained wavenumbers; at least
            one of them.
        sizes, rate: Two `things`.

    Raises:
        ValueError: Never.
    """


@pytest.fixture
def parser() -> Parser:
    result = Parser("try", "", "", "")
    result.add_argument("--batch")
    add_flags(result, "net parts", network)
    return result


def test_docstrings_explain_parameters():
    assert documented(network) == {
        "task": "what it is for",
        "modes": "retained wavenumbers; at least one of them",
        "sizes": "two things",
        "rate": "two things",
    }


def test_values_have_the_types_of_the_signature(parser: Parser):
    words = "--modes 1e2 --rate 0.5 --sizes 1,2,3 --kind two --bias no --net-batch 7 --batch x"
    assert chosen(parser.parse(words.split()), "net parts") == {
        "modes": 100, "rate": 0.5, "sizes": (1, 2, 3), "kind": "two", "bias": False, "batch": 7,
    }  # fmt: skip


def test_what_is_not_given_is_left_to_the_function(parser: Parser):
    assert chosen(parser.parse([]), "net parts") == {}


@pytest.mark.parametrize(
    "words", ["--modes 1.5", "--rate x", "--sizes 1,x", "--kind three", "--bias maybe", "--task 1"]
)
def test_impossible_values_are_refused(parser: Parser, words: str):
    with pytest.raises(FredholmError, match="fredholm try --help"):
        parser.parse(words.split())


def test_help_shows_meaning_and_default(parser: Parser):
    text = " ".join(parser.format_help().split())
    assert "--modes N retained wavenumbers; at least one of them (default: 12)" in text
    assert "--sizes A,B,... two things (default: 3,4)" in text
    assert "activation" not in text


def test_plain_data_is_what_json_can_say():
    assert plain({1: [float("nan"), 2.0, (float("inf"), "x")]}) == {"1": [None, 2.0, [None, "x"]]}


def test_long_messages_keep_both_ends():
    text = one_line("a" * 500 + "\n  " + "b" * 500)
    assert len(text) <= 400 and text.startswith("aaa") and text.endswith("bbb")


def test_durations():
    assert [duration(s) for s in (8.4, 99, 250, 7500)] == ["8 s", "99 s", "4 min 10 s", "2 h 5 min"]


def test_the_pace_leaves_out_what_was_done_before(monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    monkeypatch.setattr("fredholm.cli.output.time.monotonic", lambda: now[0])
    progress = Progress("work")
    progress.resume(0.5)
    now[0] = 10.0
    assert progress.left(0.75) == 10.0


@pytest.mark.parametrize(
    ("words", "system"),
    [
        (["darcy"], "fno"),
        (["poisson_shapes"], "spon"),
        (["arrays.npz", "--coordinates", "x"], "gnot"),
    ],
)
def test_what_is_trained_by_default_depends_on_where_functions_live(words, system):
    from fredholm.cli.fit_flags import parser

    assert parser(words).parse(words).system == system
    assert parser([*words, "--system", "lno"]).parse([*words, "--system", "lno"]).system == "lno"
