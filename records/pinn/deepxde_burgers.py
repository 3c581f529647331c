"""DeepXDE on its shipped Burgers problem with its shipped settings; one line of JSON.

    .venv-deepxde/bin/python records/pinn/deepxde_burgers.py burgers_shock.mat [--seed 0]

Runs in an environment of its own (`make .venv-deepxde/ready`), on one thread, which is fastest for
a network this small. The problem, the points (2540 inside, 80 on the sides, 160 at the start, by
Hammersley), the network (three hidden layers of 20) and the optimisers are those of its example;
L-BFGS is stopped after 5000 of its default 15000 iterations. `--precision float64` is what its
documentation advises where L-BFGS stops early. The error is taken on the whole table of the file,
the initial time included, as the example does.
"""

import argparse
import json
import os
import time

os.environ.setdefault("DDE_BACKEND", "pytorch")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import deepxde as dde  # noqa: E402
import numpy as np  # noqa: E402
import scipy.io  # noqa: E402
import torch  # noqa: E402


def residual(points, u):
    """u_t + u u_x - (0.01/π) u_xx; the columns of the points are x and t."""
    u_x, u_t = (dde.grad.jacobian(u, points, i=0, j=j) for j in (0, 1))
    return u_t + u * u_x - 0.01 / np.pi * dde.grad.hessian(u, points, i=0, j=0)


def table(path: str) -> tuple[np.ndarray, np.ndarray]:
    """The points (x, t) of the reference and its values, one row each."""
    data = scipy.io.loadmat(path)
    x, t = np.meshgrid(data["x"].ravel(), data["t"].ravel(), indexing="ij")
    return np.stack([x.ravel(), t.ravel()], axis=1), data["usol"].reshape(-1, 1)


class Stopwatch:
    """Seconds since the start, by the wall and by the processor."""

    def __init__(self) -> None:
        self.wall, self.processor = time.monotonic(), time.process_time()

    def __call__(self) -> dict[str, float]:
        wall, processor = time.monotonic() - self.wall, time.process_time() - self.processor
        return {"wall_seconds": round(wall, 2), "processor_seconds": round(processor, 2)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("reference", help="burgers_shock.mat")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--adam", type=int, default=15000, help="iterations of Adam")
    parser.add_argument("--lbfgs", type=int, default=5000, help="at most so many of L-BFGS")
    parser.add_argument("--precision", choices=("float32", "float64"), default="float32")
    args = parser.parse_args()
    torch.set_num_threads(1)
    dde.config.set_random_seed(args.seed)
    dde.config.set_default_float(args.precision)
    points, truth = table(args.reference)
    watch = Stopwatch()

    geometry = dde.geometry.GeometryXTime(
        dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 0.99)
    )
    sides = dde.icbc.DirichletBC(geometry, lambda x: 0, lambda _, on_boundary: on_boundary)
    start = dde.icbc.IC(
        geometry, lambda x: -np.sin(np.pi * x[:, 0:1]), lambda _, on_initial: on_initial
    )
    data = dde.data.TimePDE(
        geometry,
        residual,
        [sides, start],
        num_domain=2540,
        num_boundary=80,
        num_initial=160,
        train_distribution="Hammersley",
    )
    network = dde.nn.FNN([2, 20, 20, 20, 1], "tanh", "Glorot normal")
    model = dde.Model(data, network)

    def stage(loss: float) -> dict:
        error = np.linalg.norm(model.predict(points) - truth) / np.linalg.norm(truth)
        return {**watch(), "loss": float(loss), "relative_l2": float(error)}

    model.compile("adam", lr=1e-3)
    _, state = model.train(iterations=args.adam, display_every=1000, verbose=0)
    stages = {"adam": {"iterations": args.adam, **stage(np.sum(state.loss_train))}}
    dde.optimizers.set_LBFGS_options(maxiter=args.lbfgs)
    model.compile("L-BFGS")
    _, state = model.train(display_every=1000, verbose=0)
    stages["lbfgs"] = {"iterations": state.step - args.adam, **stage(np.sum(state.loss_train))}
    print(
        json.dumps(
            {
                "seed": args.seed,
                "precision": args.precision,
                **stages["lbfgs"],
                "parameters": sum(p.numel() for p in network.parameters()),
                "stages": stages,
                "versions": {"deepxde": dde.__version__, "torch": torch.__version__},
            }
        )
    )


if __name__ == "__main__":
    main()
