"""What surrounds a stage reaches no output: a figure that shows its surroundings is the same in calm and in hostile ones."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from neural_odes.pipeline import surroundings

SRC = Path(surroundings.__file__).resolve().parents[2]
DVC_YAML = """
stages:
  toy-figure:
    foreach: {surroundings: {}}
    do:
      cmd: python ../../stages/figure.py toy ${key}
      deps: [results/source/surroundings, figures/surroundings.py]
      outs: [results/figures/surroundings.png]
"""
FIGURE = """
import locale, sys, time
import numpy as np
from neural_odes.figures import style

def draw(source):
    drawn, ax = style.new(size=(8, 1))
    ax.plot(np.loadtxt(source / "points.csv"))
    letters = "".join(set("abcdefghij"))
    ax.set_title(f"{np.array([1 / 3])} {time.strftime('%z')} {locale.setlocale(locale.LC_ALL, '')} {letters} {__debug__}")
    return drawn
"""
AT_EVERY_START = "import numpy\nnumpy.set_printoptions(precision=2)\n"
RC = "axes.edgecolor: red\nfont.family: serif\nsavefig.dpi: 50\n"


@pytest.fixture(scope="module")
def clone(root, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("surroundings") / "clone"
    (folder / ".dvc").mkdir(parents=True)
    (folder / "params.yaml").write_text("{}")
    shutil.copytree(root / "stages", folder / "stages")
    (folder / "src").symlink_to(SRC)
    study = folder / "studies" / "toy"
    for name, text in {
        "dvc.yaml": DVC_YAML, "figures/surroundings.py": FIGURE, "results/source/surroundings/points.csv": "0\n1\n"
    }.items():  # fmt: skip
        (study / name).parent.mkdir(parents=True, exist_ok=True)
        (study / name).write_text(text)
    return folder


def drawn(clone: Path, *options: str, **environment: str) -> bytes:
    """The bytes of the figure as the stage's script makes it; with ``-X neural-odes`` where it stands."""
    own = {"PATH": os.environ["PATH"], "HOME": str(clone.parent), "PYTHONPATH": str(SRC)}
    study = clone / "studies" / "toy"
    command = [sys.executable, *options, "../../stages/figure.py", "toy", "surroundings"]
    done = subprocess.run(command, cwd=study, env=own | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (study / "results/figures/surroundings.png").read_bytes()


@pytest.fixture(scope="module")
def calm(clone) -> bytes:
    return drawn(clone)


@pytest.fixture(scope="module")
def hostile(clone) -> dict[str, dict[str, str]]:
    """Variables by what they change."""
    folder = clone.parent / "hostile"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(AT_EVERY_START)
    return {
        "code that runs at every start": {"PYTHONPATH": os.pathsep.join((str(folder), str(SRC)))},
        "time zone": {"TZ": "Asia/Kathmandu"},
        "locale": {"LC_ALL": "C", "LANG": "C"},
        "hash seed": {"PYTHONHASHSEED": "7"},
        "checks left out": {"PYTHONOPTIMIZE": "1"},
    }


def test_none_of_it_reaches_a_figure(clone, calm, hostile):
    home = clone.parent / "home"
    rc = [home / ".config/matplotlib/matplotlibrc", home / "rc/matplotlibrc", clone / "studies/toy/matplotlibrc"]
    for path in rc:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(RC)
    colours = {"MPLCONFIGDIR": str(home / "rc"), "MATPLOTLIBRC": str(home / "rc"), "MPLBACKEND": "svg"}
    everything = {name: value for kind in hostile.values() for name, value in kind.items()}
    try:
        assert drawn(clone, **everything, **colours, HOME=str(home), SOURCE_DATE_EPOCH="0", COLUMNS="20") == calm
    finally:
        rc[-1].unlink()


@pytest.mark.parametrize("kind", [None, "code that runs at every start", "time zone", "locale", "hash seed", "checks left out"])
def test_each_of_it_reaches_one_that_is_not_closed(clone, calm, hostile, kind):
    """Or else the test above would show nothing; and what a stage is given, and no more, makes the calm one."""
    given = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}
    found = drawn(clone, "-X", "neural-odes", **given | hostile.get(kind, {}))
    assert (found == calm) == (kind is None)


READ_BY_LIBRARIES = (
    "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONIOENCODING", "LANG",
    "LANGUAGE", "LC_NUMERIC", "MPLBACKEND", "MATPLOTLIBRC", "SOURCE_DATE_EPOCH", "FREETYPE_PROPERTIES", "XDG_CONFIG_HOME",
    "XDG_DATA_HOME", "COLUMNS", "JUPYTER_CONFIG_DIR", "JUPYTER_PATH", "JUPYTER_PREFER_ENV_PATH", "IPYTHONDIR",
    "IPYKERNEL_CELL_NAME", "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "KMP_AFFINITY", "GOMP_CPU_AFFINITY", "MKL_NUM_THREADS",
    "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "ONEDNN_MAX_CPU_ISA",
    "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "TORCH_LOGS", "PYTORCH_CUDA_ALLOC_CONF", "NVIDIA_TF32_OVERRIDE", "CUBLAS_WORKSPACE_CONFIG", "NPY_DISABLE_CPU_FEATURES",
    "SCIPY_ARRAY_API", "SKLEARN_ASSUME_FINITE", "PANDAS_COPY_ON_WRITE", "GLIBC_TUNABLES", "GIT_DIR", "GIT_CONFIG_GLOBAL",
)  # fmt: skip


def test_no_setting_of_a_library_is_passed_on(monkeypatch, tmp_path):
    for name in READ_BY_LIBRARIES:
        monkeypatch.setenv(name, "hostile")
    found = surroundings.variables(tmp_path)
    assert not set(READ_BY_LIBRARIES) & set(found) and "hostile" not in found.values()
    own = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONNOUSERSITE": "1", "PYTHONPATH": str(SRC)}
    assert found.items() >= own.items(), "what a library takes from the machine where no variable says it"


def test_what_a_stage_needs_is_passed_on(monkeypatch, tmp_path):
    needed = {
        "NEURAL_ODES_DEVICE": "cpu", "NEURAL_ODES_CACHE": "shared", "CUDA_VISIBLE_DEVICES": "1", "https_proxy": "http://proxy",
        "MLFLOW_TRACKING_URI": "http://server", "AWS_PROFILE": "group", "LD_LIBRARY_PATH": "/opt/cuda", "HOME": "/home/me",
    }  # fmt: skip
    for name, value in needed.items():
        monkeypatch.setenv(name, value)
    assert surroundings.variables(tmp_path).items() >= needed.items()
    assert surroundings.variables(tmp_path)["MPLCONFIGDIR"] == str(tmp_path / "shared" / "matplotlib")


def test_every_script_closes_them_before_it_imports_a_library(root):
    scripts = [path for path in (root / "stages").glob("*.py") if path.stem not in ("environment", "unchanged")]
    assert len(scripts) > 8
    for path in scripts:
        imports = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = [node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports]
        assert next(name for name in names if name not in sys.stdlib_module_names) == "environment", path
