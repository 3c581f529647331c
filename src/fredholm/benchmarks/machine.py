"""The machine that a figure was measured on: a time means nothing without it."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

import fredholm


def machine() -> dict[str, Any]:
    """What stands beside every reported time: processor, memory, system and versions.

    Nothing in it names the computer or its user, so that a record can be published.
    """
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "usable_cores": _usable_cores(),
        "threads": torch.get_num_threads(),
        "memory_gib": _memory(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "fredholm": fredholm.__version__,
    }


def _cpu() -> str:
    """Name of the processor's model, as its maker writes it."""
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    if platform.system() == "Darwin":
        asked = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return platform.processor() or platform.machine()


def _usable_cores() -> int | None:
    """Cores that this process may use, which a container or a queue can restrict."""
    known = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if known else os.cpu_count()


def _memory() -> float | None:
    """Main memory in GiB, where the system tells."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    return round(total / 2**30, 1)
