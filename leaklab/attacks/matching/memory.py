"""How much memory there is, so that what cannot fit is refused before it is tried."""

import os
from pathlib import Path

import torch

GIB = 1 << 30
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))  # of a container


def available(device: torch.device) -> int | None:
    """Return the bytes a device has for us, or None where nobody says.

    A processor's are all it has, for what is free changes by the moment; a GPU's are those no other program holds.
    """
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    if not hasattr(os, "sysconf"):  # Windows
        return None
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    said = [limit.read_text().strip() for limit in _LIMITS if limit.is_file()]
    return min(found + [int(limit) for limit in said if limit.isdigit()])
