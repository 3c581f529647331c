"""A hundred thousand points answered at once: seconds and memory of each system for points.

    python records/speed/many_points.py [--points 100000] [--device cuda]

Writes records/speed/many_points_DEVICE.json. One function with two channels on a disk of random
points, answered with the settings that the cards have by default and weights as they start. The
first answer makes the graphs of the points, which the second finds made. Memory is the peak of the
process (on a graphics card, of its memory) over what it was before.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch

from fredholm.benchmarks.records import write_record
from fredholm.domains import PointCloud, Scattered
from fredholm.fields import Field, Signature, Variable
from fredholm.systems import Task, card

SYSTEMS = ("gnot", "lno", "rigno", "gno", "mgkn", "coral")


def disk(count):
    """Random points of the unit disk; those near its rim are its boundary."""
    generator = torch.Generator().manual_seed(0)
    radius, turn = torch.rand(2, count, generator=generator, dtype=torch.float64)
    rim = 1 - 1 / math.sqrt(count)
    radius = radius.sqrt()
    coords = radius[:, None] * torch.stack(
        [torch.cos(math.tau * turn), torch.sin(math.tau * turn)], 1
    )
    return PointCloud(coords, parts={"rim": (radius > rim).nonzero()[:, 0]})


def measured(name, count, device):
    """One system in this process."""
    torch.set_num_threads(1)
    cloud = disk(count)
    points = Scattered.of([cloud])
    inputs = (Variable("f"), Variable("g", support="boundary"))
    task = Task(Signature(points, points, inputs, (Variable("u"),)))
    operator = card(name).make(task, {}).eval().to(device)
    u = Field(torch.randn(1, count, 2, device=device), cloud)
    rows, before = {}, memory(device)
    for turn in ("first", "again"):
        began = time.perf_counter()
        with torch.no_grad():
            image = operator(u)
        assert bool(torch.isfinite(image.values).all())
        rows[f"seconds_{turn}"] = round(time.perf_counter() - began, 2)
    rows["gib"] = round((memory(device) - before) / 2**30, 3)
    rows["parameters"] = sum(p.numel() for p in operator.parameters())
    return rows


def memory(device):
    """Largest memory so far, in bytes."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--system")
    args = parser.parse_args()
    if args.system:
        print(json.dumps(measured(args.system, args.points, args.device)))
        return
    found = {}
    for name in SYSTEMS:  # a process each: the peak of one is not that of another
        words = [sys.executable, __file__, "--system", name, "--device", args.device]
        words += ["--points", str(args.points)]
        done = subprocess.run(words, capture_output=True, text=True)
        last = done.stderr.strip().splitlines()[-1:] or ["killed"]
        failed = {"failed": last[0]}
        found[name] = json.loads(done.stdout) if done.returncode == 0 else failed
        print(name, found[name], flush=True)
    command = f"python records/speed/many_points.py --points {args.points} --device {args.device}"
    content = {"points": args.points, "device": args.device, "systems": found}
    folder = Path(__file__).parent
    print(write_record(folder, f"many_points_{args.device}", content, command=command, seeds=[0]))


if __name__ == "__main__":
    main()
