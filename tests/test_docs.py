"""What the documentation shows is there: links, files, names and commands."""

import importlib
import re
import shlex
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import pytest

from fredholm.cli import main
from fredholm.cli.parser import Parser

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_included_files_exist(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:\s]+)\)|<([^>:\s]+\.py)>|literalinclude\} (\S+)", text)
    for link in (part for parts in links for part in parts if part):
        assert (page.parent / link).exists(), f"{page.name} leads to {link}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_that_pages_refer_to_are_public(page):
    """A reference to the API names a package or module and something in it."""
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"\{py:\w+\}`(?:[^`<]*<)?~?([\w.]+)>?`", text):
        package, attribute = re.fullmatch(
            r"(fredholm(?:\.[a-z_]+)?(?:\.learn)?)\.(.+)", name
        ).groups()
        module = importlib.import_module(package)
        assert attribute.partition(".")[0] in getattr(module, "__all__", dir(module)), name
        reduce(getattr, attribute.split("."), module)


def blocks(text: str) -> Iterator[list[str]]:
    """The lines of each fenced block without a language: what a reader types."""
    inside, language, lines = False, "", []
    for line in text.splitlines():
        if line.startswith("```"):
            if inside and not language:
                yield lines
            inside, language, lines = not inside, line[3:].strip(), []
        elif inside:
            lines.append(line)


def commands() -> list[str]:
    """The commands in blocks, and those within sentences that have no placeholder."""
    found = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in blocks(text):
            lines = (line.partition("#")[0].strip() for line in block)
            found |= {line for line in lines if line.startswith("fredholm ")}
        inline = re.findall(r"(?<!`)`(fredholm [a-z]+ [^`\n]+)`(?!`)", text)
        found |= {line for line in inline if not re.search(r"\b[A-Z]{3,}\b|\.\.\.", line)}
    return sorted(found)


class Understood(BaseException):
    """Raised in place of carrying out a command that was parsed."""


def test_some_commands_are_shown():
    assert len(commands()) >= 8


@pytest.mark.parametrize("command", commands())
def test_shown_commands_are_understood(command, monkeypatch):
    """The real parser of the command takes every word; nothing is carried out."""
    original = Parser.parse

    def parse(self, words):
        original(self, words)
        raise Understood

    monkeypatch.setattr(Parser, "parse", parse)
    with pytest.raises(Understood):
        main(shlex.split(command)[1:])


@pytest.mark.parametrize("command", ["fit a.nc --epoch 3", "check", "predict runs/a b.nc --at x"])
def test_a_command_with_a_mistake_is_noticed(command, capsys):
    assert main(command.split()) == 2
    assert "--help" in capsys.readouterr().err


def test_the_readme_runs(tmp_path, monkeypatch):
    """Its equation is solved and learned as it stands, from fewer samples and for less time."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    for long, short in (("300,", "8,"), ("40,", "2,"), ("seconds=60", "steps=2")):
        assert long in code
        code = code.replace(long, short)
    monkeypatch.chdir(tmp_path)
    found = {}
    exec(code, found)
    assert found["prediction"].u.sizes["t"] == 20
