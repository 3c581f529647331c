"""Time of one spectral convolution and of one FNO training step, ours against neuraloperator's.

    PYTHONPATH=src .venv-peers/bin/python records/speed/against_neuraloperator.py [threads]

Both run in one process, in turns; ratios are those of medians (and of minima, in brackets). The two
networks have the same width, modes and number of layers; neuraloperator's has a channel MLP behind
each layer as it comes, and none in the second row, which is the same architecture as ours.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import torch
from neuralop.layers.spectral_convolution import SpectralConv as TheirConv
from neuralop.models import FNO as TheirFNO

from fredholm.domains import Grid
from fredholm.fields import Field
from fredholm.layers import SpectralConv
from fredholm.models import FNO


def turns(contestants: dict, rounds: int = 25) -> dict[str, list[float]]:
    """Milliseconds of each contestant, one after the other in every round."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 3):
        for name, work in contestants.items():
            began = time.perf_counter()
            work()
            if number >= 3:
                times[name].append(1e3 * (time.perf_counter() - began))
    return times


def convolutions(batch: int, width: int, n: int, modes: int) -> dict:
    """Forward and backward of one layer on a square."""
    axes = Grid((n, n), periodic=True).axes
    ours, theirs = (
        SpectralConv(width, width, (modes, modes)),
        TheirConv(width, width, (modes, modes)),
    )
    x = torch.randn(n, n, batch, width, requires_grad=True)
    y = torch.randn(batch, width, n, n, requires_grad=True)
    return {
        "ours": lambda: ours(x, axes).sum().backward(),
        "theirs": lambda: theirs(y).sum().backward(),
    }


def step(net, optimiser, inputs):
    """One training step."""
    out = net(inputs)
    values = out.values if isinstance(out, Field) else out
    loss = values.square().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def steps(batch: int, width: int, n: int, modes: int) -> dict:
    """A training step of three networks with the optimiser of torch."""
    grid = Grid((n, n), periodic=True)
    size = {"in_channels": 1, "out_channels": 1, "hidden_channels": width}
    nets = {
        "ours": FNO(1, 1, (modes, modes), hidden_channels=width),
        "theirs": TheirFNO((2 * modes, 2 * modes), **size),
        "theirs, no channel MLP": TheirFNO((2 * modes, 2 * modes), **size, use_channel_mlp=False),
    }
    field, tensor = Field(torch.randn(batch, n, n, 1), grid), torch.randn(batch, 1, n, n)
    work = {}
    for name, net in nets.items():
        optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=name == "ours")
        inputs = field if name == "ours" else tensor
        work[name] = lambda net=net, o=optimiser, i=inputs: step(net, o, i)
    return work


def main() -> None:
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(threads)
    rows = []
    sizes = [(16, 32, 64, 16), (4, 32, 128, 16), (8, 64, 32, 12), (32, 32, 16, 8)]
    cases = [("spectral convolution", convolutions, size) for size in sizes]
    cases += [("training step", steps, size) for size in ((16, 32, 64, 16), (16, 32, 16, 8))]
    for what, make, (batch, width, n, modes) in cases:
        times = turns(make(batch, width, n, modes))
        row = {"what": what, "batch": batch, "width": width, "points": [n, n], "modes": modes}
        row["median_ms"] = {name: round(statistics.median(t), 2) for name, t in times.items()}
        row["min_ms"] = {name: round(min(t), 2) for name, t in times.items()}
        row["ratio"] = {
            name: round(row["median_ms"][name] / row["median_ms"]["ours"], 2)
            for name in times
            if name != "ours"
        }
        rows.append(row)
        print(json.dumps(row), flush=True)
    record = {"threads": threads, "torch": torch.__version__, "rows": rows}
    path = Path(__file__).with_name(f"against_neuraloperator_{threads}.json")
    path.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
