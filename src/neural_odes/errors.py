"""Errors that are the user's to mend: shown as one line, never as a stack trace."""

import contextlib
import re
import sys
from collections.abc import Iterator


class UserError(Exception):
    """Names the file or key, the cause and the remedy, in one line: what a file or key may hold besides text is escaped."""

    def __init__(self, text: str):
        super().__init__("".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text))


@contextlib.contextmanager
def needing(extra: str) -> Iterator[None]:
    """What is within imports packages that only an extra of this one brings.

    Raises:
        UserError: one is missing, and the extra is not installed; says how to install it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if _installed(extra):
            raise  # a name that is wrong: no extra brings it
        remedy = f"run: pip install 'neural-odes[{extra}]', or in a clone: make env"
        raise UserError(f"{error.name} is not installed for {sys.executable}; {remedy}") from None


def _installed(extra: str) -> bool:
    """Whether all that the extra asks for is there, by the metadata of the installed package."""
    from importlib import metadata

    try:
        for requirement in metadata.requires("neural-odes") or []:
            name, _, condition = requirement.partition(";")
            if f'extra == "{extra}"' in condition:
                metadata.distribution(re.split(r"[^\w.-]", name)[0])
    except metadata.PackageNotFoundError:
        return False
    return True
