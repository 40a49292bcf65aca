"""What is missing of an extra is the user's to install; what no extra brings is an error in the code. What the system refuses is
one line.
"""

import errno
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys

import pytest

from neural_odes.errors import UserError, in_short, needing, refusals
from neural_odes.running import scratch


@pytest.mark.parametrize("asked", ['absent-package>=2; extra == "pipeline"', 'absent.package[all]; extra == "pipeline"'])
def test_a_module_of_an_extra_that_is_not_installed(monkeypatch, asked):
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["numpy", 'pytest; extra == "pipeline"', asked])
    line = f"absent is not installed for {sys.executable}; run: pip install 'neural-odes[pipeline]', or in a clone: make env"
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"), needing("pipeline"):
        import absent  # noqa: F401


def test_what_another_program_says_is_not_cut_within_a_word():
    assert in_short("  It is\n down.\n\nHaving any troubles?") == "It is down."
    sentence = "This sentence is repeated until nobody reads on. "
    assert in_short(sentence * 20) == (sentence * 10).strip()
    assert in_short("word " * 200) == "word " * 100 + "…"
    assert in_short("") == ""


def test_a_module_that_no_extra_brings(monkeypatch):
    asked = ["absent-package", 'pytest>=8; extra == "pipeline"', 'absent-package; extra == "cluster"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: asked)
    with pytest.raises(ModuleNotFoundError, match="absent"), needing("pipeline"):
        import absent  # noqa: F401


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EACCES, "ls -l says whose it is"),
        (errno.EROFS, "work in a copy"),
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some of your quota"),
        (errno.EISDIR, "move it away"),
        (errno.EIO, "mend that, and run this again"),
    ],
)
@pytest.mark.parametrize("name", ["figures/a b.png", b"figures/\xff.png"])
def test_what_the_system_refuses_names_the_file_and_a_remedy(number, remedy, name):
    with pytest.raises(UserError) as raised, refusals():
        raise OSError(number, os.strerror(number), name)
    told = re.fullmatch(r"figures/(a b|\\udcff)\.png: (.*?); (.*)", str(raised.value))
    assert told and told[2] == os.strerror(number) and remedy in told[3]


def test_a_command_that_is_not_there_is_named():
    with pytest.raises(UserError, match=r"^no-such-program: No such file or directory; .* not on the PATH"), refusals():
        subprocess.run("no-such-program", check=False)


@pytest.mark.parametrize(
    "error", [BrokenPipeError(errno.EPIPE, "Broken pipe"), OSError("image file is truncated"), KeyError("x")]
)
def test_what_is_not_the_system_s_refusal_is_left_alone(error):
    with pytest.raises(type(error)) as raised, refusals():
        raise error
    assert raised.value is error


@pytest.mark.parametrize(
    ("command", "folder"), [(["preset", "smoke"], "params.writing"), (["docs"], "README.md"), (["check"], "params.yaml")]
)
def test_a_folder_where_a_file_is_expected_is_one_line(root, tmp_path, command, folder):
    """Of any command; root, too, is refused this."""
    clone = tmp_path / "clone"
    ignored = shutil.ignore_patterns(".git", ".cache", "cache", "data", "models", "tests", ".venv")
    shutil.copytree(root, clone, ignore=lambda path, names: ignored(path, names) if path == str(root) else set())
    (clone / folder).unlink(missing_ok=True)
    (clone / folder).mkdir()
    run = [sys.executable, "-m", "neural_odes", *command]
    done = subprocess.run(run, cwd=clone, env=scratch.environment(root), capture_output=True, text=True, check=False)
    remedy = "a file is expected where this folder is; move it away"
    assert (done.returncode, done.stderr) == (1, f"error: {clone / folder}: Is a directory; {remedy}\n")
