"""Where the samples of `fredholm fit` come from: files, or a named problem that is solved first."""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fredholm.cli.files import described, open_training, read_samples, same_kind
from fredholm.cli.generate import make_samples, resolution
from fredholm.cli.named import problem_from
from fredholm.cli.output import Output
from fredholm.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from fredholm.data import Samples, StreamedSamples
    from fredholm.systems.learn import Choices

TRAIN, TEST = 1000, 100
"""Samples that are generated where a problem is named."""
QUICK = {1: 128, 2: 33, 3: 17}
"""Points per axis of those samples, by dimension: so many that there is something to learn, so few
that a minute of training is many steps."""
_HELD_OUT, _MOST = 0.1, 4000
"""Fraction of the samples that becomes the test set, and the most that it may hold."""
_TEST_SEED = 1_000_003
"""Added to the seed for the test samples of a problem."""


@dataclass(frozen=True)
class Sets:
    """Training samples and test samples by name, with the seconds that it took to get them."""

    train: "Samples | StreamedSamples"
    tests: "Mapping[str, Samples]"
    seconds: Mapping[str, float]


def of_files(args: argparse.Namespace, output: Output) -> Sets:
    """Samples of the files; without test files a tenth of the samples becomes the test set.

    Raises:
        DataError: A file cannot be used, or holds too few samples.
    """
    from fredholm.data import describe

    _neither_file_nor_problem(args.data)
    began = time.monotonic()
    train = open_training(args.data, described(args), count=args.samples)
    output.note(describe(train))
    if args.test is None:
        train, tests = _held_out(args, train, output)
    else:
        tests = {file: read_samples(file, described(args)) for file in args.test}
        for file, samples in tests.items():
            same_kind(file, samples, train)
    return Sets(train, tests, {"reading": time.monotonic() - began})


def _neither_file_nor_problem(data: str) -> None:
    """Helps with a word that may have been meant as the name of a problem.

    Raises:
        DataError: There is no such file, and the word looks like a name.
    """
    from fredholm.problems import PROBLEMS

    if not Path(data).exists() and Path(data).name == data and not Path(data).suffix:
        near = did_you_mean(data, [*PROBLEMS], listed_by="fredholm problems")
        raise DataError(f"{data} does not exist, and no problem has this name: {near}")


def of_problem(args: argparse.Namespace, choices: "Choices", folder: Path, output: Output) -> Sets:
    """Samples of a named problem, solved unless the run folder has them already.

    Raises:
        FredholmError: The system cannot be built for the problem, or the problem not be solved.
    """
    args = argparse.Namespace(**vars(args), problem=args.data, overwrite=False)
    problem = problem_from(args.data, args)
    if args.resolution is None and problem.shapes is None:
        args.resolution = (QUICK[problem.domain.dim],)
    _try_to_build(args, choices)
    began = time.monotonic()
    paths = {"train": folder / "train.nc", "test": folder / "test.nc"}
    for (name, path), n in zip(paths.items(), (args.samples or TRAIN, TEST), strict=True):
        if not path.exists() and (name == "train" or args.test is None):
            seed = args.seed + (_TEST_SEED if name == "test" else 0)
            make_samples(args, path, output, n=n, seed=seed)
    train = open_training(str(paths["train"]), {})
    files = args.test or [str(paths["test"])]
    tests = {file: read_samples(file, {}) for file in files}
    for file, samples in tests.items():
        same_kind(file, samples, train)
    return Sets(train, tests, {"solving": time.monotonic() - began})


def _try_to_build(args: argparse.Namespace, choices: "Choices") -> None:
    """Builds the system once for empty samples, before minutes are spent on solving.

    Raises:
        FredholmError: It cannot be built so.
    """
    import torch

    from fredholm.data import Samples, first_step
    from fredholm.fields import Field
    from fredholm.systems import card
    from fredholm.systems.learn import plan_for
    from fredholm.systems.wrapping import build

    problem = problem_from(args.data, args)
    if problem.shapes is None:
        space = problem.grid(resolution(args))
    else:
        space = problem.sample(2, generator=torch.Generator().manual_seed(args.seed)).domain
    inputs, targets = (
        Field(torch.zeros(2, *domain.shape, len(labels)), domain)
        for domain, labels in (
            (space, problem.input_variables),
            (problem.target_domain(space), problem.target_variables),
        )
    )
    empty = Samples(inputs, targets, problem.input_variables, problem.target_variables)
    found = card(args.system)
    way = plan_for(empty, found, choices)
    build(found, first_step(way.view(empty)), choices.hyper, False, way.kind)


def _held_out(
    args: argparse.Namespace, samples: "Samples | StreamedSamples", output: Output
) -> "tuple[Samples | StreamedSamples, dict[str, Samples]]":
    """Training samples, and a part of them held out for the test.

    Raises:
        DataError: There are too few.
    """
    import torch

    if len(samples) < 3:
        raise DataError(
            f"{args.data} holds {len(samples)} samples: training, validation and test take at "
            "least one each; give more samples, or test samples with --test FILE"
        )
    count = min(_MOST, max(1, round(_HELD_OUT * len(samples))))
    generator = torch.Generator().manual_seed(args.seed)
    kept, held = samples.split(count, generator=generator)
    output.note(
        f"{count} of {len(samples)} samples, drawn at random, are held out for the test "
        "(or give --test FILE)"
    )
    return kept, {f"{args.data} ({count} held out)": held[:]}
