"""Errors that are the user's to mend: shown as one line, never as a stack trace."""

import contextlib
import errno
import os
import re
import sys
from collections.abc import Iterator


class UserError(Exception):
    """Names the file or key, the cause and the remedy, in one line: what a file or key may hold besides text is escaped."""

    def __init__(self, text: str):
        super().__init__("".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text))


_REMEDIES = {
    errno.EACCES: "it is not yours to read or write; ls -l says whose it is",
    errno.EPERM: "it is not yours to change; ls -l says whose it is",
    errno.EROFS: "what it lies on can only be read; work in a copy elsewhere",
    errno.ENOSPC: "free some space, and run this again",
    errno.EDQUOT: "free some of your quota, and run this again",
    errno.EFBIG: "the limit of a file's size is reached; ulimit -f says which",
    errno.EISDIR: "a file is expected where this folder is; move it away",
    errno.ENOTDIR: "a folder is expected where a file is; move that away",
    errno.ENOENT: "it is not there, or not on the PATH if it is a program",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.ELOOP: "a link there leads back to itself; delete it",
    errno.EMFILE: "too many files are open; raise ulimit -n",
}


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """What the operating system refuses within.

    Raises:
        UserError: names the file, the system's reason and a remedy.
        BrokenPipeError: whoever reads the output has gone; that is no error.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if not error.errno:
            raise  # of a library, which has other words for it
        what = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        remedy = _REMEDIES.get(error.errno, "mend that, and run this again")
        raise UserError(f"{what}{error.strerror}; {remedy}") from error


_MOST = 500  # characters of what another program says


def in_short(text: str) -> str:
    """The first paragraph in one line; one that is too long ends with a sentence, or at least with a word."""
    paragraph = " ".join(re.split(r"\n\s*\n", text.strip(), maxsplit=1)[0].split())
    if len(paragraph) <= _MOST:
        return paragraph
    kept = paragraph[:_MOST]
    whole = re.match(r".*[.!?](?= )", kept)
    return whole[0] if whole and len(whole[0]) > _MOST // 4 else f"{kept.rpartition(' ')[0] or kept} …"


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
