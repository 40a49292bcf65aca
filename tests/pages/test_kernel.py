"""The kernel of pages reads no configuration and runs no startup file, the machine's neither."""

import json
import os
from pathlib import Path

from neural_odes.pages import kernel, notebook

CELL = "'hostile' in globals()"


def test_the_machine_has_no_say(tmp_path, monkeypatch):
    """Its folders are /etc/ipython and the like; here, one that IPython is told of."""
    machine = tmp_path / "etc"
    (machine / "startup").mkdir(parents=True)
    (machine / "startup" / "00.py").write_text("hostile = 1\n")
    (machine / "ipython_config.py").write_text("c.InteractiveShellApp.exec_lines = ['hostile = 2']\n")
    (tmp_path / "sitecustomize.py").write_text(
        f"from IPython.core import application\napplication.SYSTEM_CONFIG_DIRS.append({str(machine)!r})\n"
    )
    (tmp_path / "startup.py").write_text("hostile = 3\n")
    here = Path(kernel.__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(here))))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": [], "source": [CELL]}
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = tmp_path / "page.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": about, "nbformat": 4, "nbformat_minor": 5}))
    assert notebook.shown(notebook.run(path, {}, root=tmp_path)) == ["<pre>False</pre>"]
