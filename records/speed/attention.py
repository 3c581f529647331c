"""Time of linear attention and of softmax attention against the number of points, on one thread.

    python records/speed/attention.py

Forward passes, in turns; processor time, because that is fairer on a busy machine. A layer reads
functions of N tokens with N queries; the network is GNOT with two blocks on N points. At the end
the memory of GNOT's answer at 100 000 points: the most that the process held, above what it held
before.
"""

import resource
import statistics
import time

import torch
from torch.nn import functional

from fredholm.benchmarks import write_record
from fredholm.domains import PointCloud
from fredholm.fields import Field
from fredholm.layers import LinearAttention
from fredholm.models import GNOT

SIZES, ROUNDS = (1000, 4000), 15
AXES = ("x", 0.0, 1.0, False), ("y", 0.0, 1.0, False)
CHANNELS, HEADS = 48, 4
MANY = 100_000


def layers(n: int) -> dict:
    """One attention of each kind on n tokens."""
    linear = LinearAttention(CHANNELS, heads=HEADS)
    to_query, to_key, to_value, mixing = (torch.nn.Linear(CHANNELS, CHANNELS) for _ in range(4))
    x, weights = torch.randn(1, n, CHANNELS), torch.ones(1, n)

    def softmax() -> torch.Tensor:
        q, k, v = (
            to(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for to in (to_query, to_key, to_value)
        )
        found = functional.scaled_dot_product_attention(q, k, v)
        return mixing(found.transpose(1, 2).flatten(-2))

    return {
        "linear attention": lambda: linear(x, linear.read([(x, weights)])),
        "softmax attention": softmax,
    }


def cloud(n: int) -> Field:
    """A function on points of the unit square."""
    points = torch.rand(n, 2, dtype=torch.float64)
    return Field(torch.randn(1, n, 1), PointCloud(points, torch.full((n,), 1 / n)))


def network(n: int) -> dict:
    """The whole operator on n points."""
    operator = GNOT(1, 1, AXES, hidden_channels=CHANNELS, layers=2, heads=HEADS).eval()
    u = cloud(n)
    return {"gnot": lambda: operator(u)}


def memory() -> float:
    """MiB that the answer at many points takes beyond what was held before."""
    work = network(MANY)["gnot"]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    work = {(name, n): run for n in SIZES for name, run in {**layers(n), **network(n)}.items()}
    times = {key: [] for key in work}
    with torch.no_grad():
        for number in range(ROUNDS + 2):
            for key, run in work.items():
                began = time.process_time()
                run()
                if number >= 2:
                    times[key].append(1e3 * (time.process_time() - began))
        held = memory()
    median = {key: statistics.median(found) for key, found in times.items()}
    few, many = SIZES
    names = dict.fromkeys(name for name, _ in work)
    content = {
        "channels": CHANNELS,
        "heads": HEADS,
        "median_ms": {name: {str(n): median[name, n] for n in SIZES} for name in names},
        "ratio": {name: median[name, many] / median[name, few] for name in names},
        "gnot_memory": {"points": MANY, "mib": held},
    }
    print(content)
    write_record(
        "records/speed",
        "attention",
        content,
        command="python records/speed/attention.py",
        seeds=[0],
    )


if __name__ == "__main__":
    main()
