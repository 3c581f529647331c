"""neuraloperator's FNO on a file of samples for a number of seconds; prints one line of JSON.

Runs in an environment of its own (`make peers`). The settings are a tuning in its favour, made on
the Darcy file: shuffled batches of 16, targets normalised, relative L2, AdamW of torch (seven times
faster than its own) with warm-up and a cosine that ends with the budget. Its published recipe for
small Darcy (`--recipe own`) is its tutorial's network and schedule scaled to the same seconds.
"""

import argparse
import json
import math
import time

import torch
from neuralop.models import FNO


def load(path: str, task: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets with channels first."""
    data = torch.load(path, weights_only=True)
    x, y = data["x"].float(), data["y"].float()
    if task == "step":
        return y[:, :-1].flatten(0, 1)[:, None], y[:, 1:].flatten(0, 1)[:, None]
    if task == "trajectory":
        return x[:, None], y[:, 1:]
    return x[:, None], y[:, None]


def relative_l2(found: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    return (found - truth).flatten(1).norm(dim=1) / truth.flatten(1).norm(dim=1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train")
    parser.add_argument("--test", nargs="*", default=[])
    parser.add_argument("--hold-out", type=int, default=0, help="last samples of the file as test")
    parser.add_argument("--task", choices=("map", "step", "trajectory"), default="map")
    parser.add_argument("--recipe", choices=("own", "tuned"), default="tuned")
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    began = time.monotonic()
    raw = torch.load(args.train, weights_only=True)
    kept = len(raw["x"]) - args.hold_out
    x, y = load(args.train, args.task)
    per = len(x) // len(raw["x"])
    tests = {path: load(path, args.task) for path in args.test}
    if args.hold_out:
        tests["held out"] = (x[kept * per :], y[kept * per :])
        x, y = x[: kept * per], y[: kept * per]
    mean, std = y.mean(), y.std()
    dim = x.ndim - 2
    modes, width, batch = (16, 24, 8) if args.recipe == "own" else (8, 32, 16)
    net = FNO(
        (modes,) * dim,
        in_channels=x.shape[1],
        out_channels=y.shape[1],
        hidden_channels=width,
        n_layers=4,
    )
    rate, decay = (5e-3, 1e-4) if args.recipe == "own" else (3e-3, 1e-4)
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=decay)
    step, spent = 0, 0.0
    while spent < 1:
        for rows in torch.randperm(len(x)).split(batch):
            spent = min((time.monotonic() - began) / args.seconds, 1.0)
            for group in optimiser.param_groups:
                cosine = 0.5 * (1 + math.cos(math.pi * spent))
                group["lr"] = rate * min(spent / 0.05 + 0.01, 1.0) * cosine
            loss = relative_l2(net(x[rows]) * std + mean, y[rows]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
            if spent >= 1:
                break
    seconds = time.monotonic() - began
    net.eval()
    with torch.no_grad():
        errors = {
            path: relative_l2(torch.cat([net(p) for p in a.split(64)]) * std + mean, b)
            for path, (a, b) in tests.items()
        }
    print(
        json.dumps(
            {
                "recipe": args.recipe,
                "steps": step,
                "seconds": seconds,
                "parameters": sum(p.numel() for p in net.parameters()),
                "test": {path: float(e.mean()) for path, e in errors.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
