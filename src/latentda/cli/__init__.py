"""The command line: parse, call, print."""

from latentda.cli.app import main

__all__ = ["main"]
