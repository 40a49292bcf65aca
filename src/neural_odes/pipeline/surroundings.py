"""What a stage sees of the machine and the user around it: the variables listed here, and nothing else.

Libraries take settings from variables, and from folders that variables name: fonts and colours, the startup files of Python and
IPython, instructions of the processor, threads, precision, locale, time zone. No record holds them, so none may reach an output.
What a library reads is more than anybody can list; what a stage needs is little, and is listed.
"""

import os
import sys
from pathlib import Path

from neural_odes import paths

_PLACES = ("PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "HOME", "USER", "LOGNAME", "TMPDIR")
_DEVICES = (
    "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY",
    "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION",
)  # fmt: skip
_NETWORK = (
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
)  # fmt: skip
_SHOWN = ("TERM", "NO_COLOR", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
_OURS = ("NEURAL_ODES_",)
_MLFLOW = ("MLFLOW_", "DATABRICKS_", "AWS_", "AZURE_", "GOOGLE_", "PG")
"""How what concerns runs begins, and what the stores ask for that MLflow may write to. It reaches no output."""
_FIXED = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",  # ~/.local/lib/python…: packages of the user, and code that runs at every start
    "PYTHONUTF8": "1",
}
_INDUCTOR = "TORCHINDUCTOR_CACHE_DIR"
_CLOSED = "neural-odes"


def close(root: Path) -> None:
    """Starts this process anew, with the same arguments, in surroundings of its own; goes on where it is in such already.

    Must come before any library is imported. The number of the process stays.

    Args:
        root: of the clone.
    """
    if _CLOSED not in sys._xoptions:  # of the command line alone: no variable sets one
        os.execve(sys.executable, [sys.executable, "-X", _CLOSED, *sys.argv], variables(root))


def variables(root: Path) -> dict[str, str]:
    """The environment of a stage, from that of this process.

    Folders of libraries are in the clone's cache: Matplotlib keeps its list of fonts there, PyTorch what it compiles. It would
    set that folder when it is imported, in whichever thread, while libraries in C read the environment.
    """
    names, beginnings = {*_PLACES, *_DEVICES, *_NETWORK, *_SHOWN}, _OURS + _MLFLOW
    passed = {name: value for name, value in os.environ.items() if name in names or name.startswith(beginnings)}
    code = Path(__file__).resolve().parents[2]
    folders = {"PYTHONPATH": code, "MPLCONFIGDIR": paths.cache(root) / "matplotlib", _INDUCTOR: paths.cache(root) / "inductor"}
    return passed | _FIXED | {name: str(folder) for name, folder in folders.items()}
