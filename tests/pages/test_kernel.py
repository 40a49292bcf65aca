"""The kernel of pages reads no configuration and runs no startup file, the machine's neither."""

import json
import os
from pathlib import Path

from neural_odes.pages import kernel, notebook


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
    assert shown(tmp_path, "'hostile' in globals()") == ["<pre>False</pre>"]


def test_a_kernel_leaves_nothing_where_it_works(tmp_path):
    """Its sockets had names there that two kernels at once took for their own."""
    assert shown(tmp_path, "import os; os.listdir()") == ["<pre>[&#39;page.ipynb&#39;]</pre>"]


def shown(folder: Path, source: str) -> list[str]:
    """What a page of one cell shows that is run in ``folder``."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": [], "source": [source]}
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "page.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": about, "nbformat": 4, "nbformat_minor": 5}))
    return notebook.shown(notebook.run(path, {}, root=folder))
