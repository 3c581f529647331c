"""The command line: `fredholm COMMAND ...`."""

from fredholm.cli.main import main

__all__ = ["main"]
