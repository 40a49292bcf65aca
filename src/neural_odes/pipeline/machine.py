"""The device and the threads that a stage computes on: both decide the bytes of a result."""

import ctypes
import os
from typing import TYPE_CHECKING

from neural_odes.errors import UserError
from neural_odes.pipeline.stage import Stage

if TYPE_CHECKING:
    import torch


def prepare(stage: Stage) -> "torch.device":
    """Computes on as many threads as the claim of ``stage`` asks for (``density.threads``), with deterministic algorithms.

    Returns:
        The device, as ``device``.

    Raises:
        UserError: dvc.yaml does not declare the threads for this stage, or there is no such device.
    """
    threads = stage.section(f"{stage.claim}.threads", int)
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # without it cuBLAS is not deterministic
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(threads)
    threadpool_limits(threads)  # NumPy's and scikit-learn's
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a tenth of the time
    _keep_freed_memory()
    return device()


def device() -> "torch.device":
    """NEURAL_ODES_DEVICE: cpu, cuda, or auto (the default: a GPU when there is one).

    Raises:
        UserError: a GPU is asked for and there is none.
    """
    import torch

    wanted = os.environ.get("NEURAL_ODES_DEVICE", "auto")
    if wanted not in ("auto", "cpu", "cuda"):
        raise UserError(f"NEURAL_ODES_DEVICE is {wanted}; it must be auto, cpu or cuda")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("NEURAL_ODES_DEVICE is cuda but torch finds no GPU; unset it to run on the processor")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def _keep_freed_memory() -> None:
    """Has glibc (where it is the C library) reuse freed memory: pages fetched anew cost a tenth of a training step of MNIST."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        m_trim_threshold, m_mmap_max = -1, -4  # of malloc.h
        mallopt(m_mmap_max, 0)
        mallopt(m_trim_threshold, 2**31 - 1)
