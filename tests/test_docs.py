"""What the documentation shows is there: links, files and commands."""

import re
import shlex
from pathlib import Path

import pytest

from fredholm.cli import main

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_included_files_exist(page):
    text = page.read_text()
    links = re.findall(r"\]\(([^)#:\s]+)\)|<([^>:\s]+\.py)>|literalinclude\} (\S+)", text)
    for link in (part for parts in links for part in parts if part):
        assert (page.parent / link).exists(), f"{page.name} leads to {link}, which is not there"


def commands() -> list[str]:
    found = []
    for page in PAGES:
        for block in re.findall(r"```\n(.*?)```", page.read_text(), flags=re.S):
            lines = [line.partition("#")[0].strip() for line in block.splitlines()]
            found += [line for line in lines if line.startswith("fredholm ")]
    return sorted(set(found))


def test_some_commands_are_shown():
    assert len(commands()) >= 8


@pytest.mark.parametrize("command", commands())
def test_shown_commands_are_understood(command, tmp_path, monkeypatch, capsys):
    """With --help behind it a command is parsed by the real parser, and nothing is done."""
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)[1:]
    if words[0].startswith("-"):
        return
    assert main([*words, "--help"]) == 0
    shown = capsys.readouterr().out
    flags = [word.partition("=")[0] for word in words if word.startswith("--")]
    missing = [flag for flag in flags if flag not in shown]
    assert not missing, f"{command}: {missing} not among the options of {words[0]}"
