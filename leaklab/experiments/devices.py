"""Where an experiment computes: a processor or a GPU that exists, set so that the same seed gives the same picture."""

import re

import torch

from leaklab.settings import Refusal


def place(device: str) -> torch.device:
    """Return the device asked for; `auto` takes a GPU when there is one.

    Raises: Refusal, when a GPU is asked for where there is none, or a device that nobody knows.
    """
    present = torch.cuda.is_available()
    if device == "auto":
        device = "cuda" if present else "cpu"
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise Refusal(f"There is no device {device!r}: choose cpu, cuda or auto.")
    if device.startswith("cuda") and not present:
        raise Refusal(f"The device {device!r} was asked for and this machine has no CUDA GPU: choose cpu or auto.")
    if device.startswith("cuda"):
        # Shortened multiplications make attacks fail that succeed on the CPU (course project, section 7.1).
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True, warn_only=True)  # the few without such a form are said in the log
    return torch.device(device)


def available() -> tuple[str, ...]:
    """Return the devices of this machine that may be asked for."""
    return ("auto", "cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
