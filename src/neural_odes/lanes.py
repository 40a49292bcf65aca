"""`dvc repro`, with claims that compute on one thread side by side: each such claim would leave all other cores idle.

Every result is the same byte for byte, as no stage knows what runs beside it. DVC takes care of its own files (a lock of the
clone, which the other process waits for, and locks of what a stage reads and writes). Within a claim the stages run one after
the other; those that join claims, and those of claims with more threads, follow in an ordinary `dvc repro`.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from ruamel.yaml import YAML

from neural_odes import params
from neural_odes.errors import UserError


def repro(root: Path, environment: dict[str, str]) -> None:
    """Brings every stage under ``root`` up to date; ``environment`` is that of the commands.

    Raises:
        UserError: a stage failed; what the stages beside it had begun is finished.
    """
    dvc = [sys.executable, "-m", "dvc"]
    found = lanes(root)
    if len(found) > 1:
        _run([*dvc, "repro", "--quiet", "check"], root, environment)
        _side_by_side(
            {claim: [*dvc, "--wait-for-lock", "repro", "--single-item", *found[claim]] for claim in found}, root, environment
        )
    _run([*dvc, "repro"], root, environment)


def lanes(root: Path) -> dict[str, list[str]]:
    """The stages that may run side by side, by claim, in order: those with cached outputs of claims with ``threads: 1``."""
    values = params.read(root / params.FILE)
    stages = YAML(typ="safe", pure=True).load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    single = [claim for claim, section in values.items() if isinstance(section, dict) and section.get("threads") == 1]
    return {
        claim: [name for name, stage in stages.items() if name.startswith(f"{claim}-") and _cached(stage.get("outs", []))]
        for claim in single[: os.cpu_count() or 1]
    }


def _cached(outputs: list[object]) -> bool:
    return bool(outputs) and all(isinstance(output, str) for output in outputs)


def _run(command: list[str], root: Path, environment: dict[str, str]) -> None:
    if subprocess.run(command, cwd=root, env=environment, check=False).returncode:
        raise UserError("a stage failed; its own line above says why")


def _side_by_side(commands: dict[str, list[str]], root: Path, environment: dict[str, str]) -> None:
    """Runs the commands at once; every line of theirs begins with the name of its lane."""
    told = threading.Lock()

    def tell(name: str, lines: Iterable[str]) -> None:
        for line in lines:
            if line.strip():
                with told:
                    print(f"{name} | {line.rstrip()}", flush=True)

    with contextlib.ExitStack() as running:
        processes, readers = {}, []
        for name, command in commands.items():
            process = subprocess.Popen(
                command,
                cwd=root,
                env=environment | {"PYTHONUNBUFFERED": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            processes[name] = running.enter_context(process)
            readers.append(threading.Thread(target=tell, args=(name, process.stdout), daemon=True))
            readers[-1].start()
        interrupted = False
        for reader in readers:  # each ends when its process has closed its output
            while reader.is_alive():
                try:
                    reader.join()
                except KeyboardInterrupt:  # the processes heard it, too: a training is saving its checkpoint
                    interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    if failed := [name for name, process in processes.items() if process.returncode]:
        raise UserError(f"{' and '.join(failed)}: a stage failed; its own line above says why")
