"""The shell as a test uses it: a command in this process."""

from click.testing import CliRunner, Result

from leaklab.cli import main


def leaklab(*words: str) -> Result:
    """Return what a command prints and ends with."""
    return CliRunner().invoke(main, words)
