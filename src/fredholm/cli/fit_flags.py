"""The flags of `fredholm fit`, and what they ask for."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from fredholm.cli import flags
from fredholm.cli.files import add_description, described
from fredholm.cli.named import add_problem_flags, problem_in, problem_parameters, word_behind
from fredholm.cli.parser import Parser

if TYPE_CHECKING:
    from fredholm.objectives import Chain
    from fredholm.systems import Recipe
    from fredholm.systems.learn import Choices
    from fredholm.training import Budget

EXAMPLE = """\
  fredholm fit darcy                                    a named problem
  fredholm fit train.pt --test test_16.pt test_32.pt --seconds 180
  fredholm fit train.nc --system fno --modes 16 --hidden-channels 64 --epochs 200
  fredholm fit train.nc --run runs/mine --resume        continue after an interruption
"""
SUMMARY = """\
Train a surrogate on samples, choose its weights on a part that is held out, measure its errors on
test samples beside those of trivial baselines, and write everything to a run folder.\
"""
_OPTIMISER = "optimiser"
_DEFAULT_SECONDS = 60.0


@dataclass(frozen=True)
class Wanted:
    """What a command line asks for.

    Args:
        budget: When training stops.
        choices: Everything else that `learn` takes.
        settings: What determines the result, as plain data.
    """

    budget: "Budget"
    choices: "Choices"
    settings: dict[str, Any]


_USUAL = {"": "fno", "cloud": "gnot", "mesh": "spon"}
"""Systems that are trained unless another one is asked for, by where the functions live."""


def is_problem(data: str) -> bool:
    """Whether DATA is the name of a problem; `./darcy` would be a file of that name."""
    from fredholm.problems import PROBLEMS

    return data in PROBLEMS


def default_system(words: Sequence[str]) -> str:
    """What is trained where nothing is said: it depends on where the functions live."""
    from fredholm.data.readers import points_of
    from fredholm.errors import FredholmError
    from fredholm.problems import builder

    data = problem_in(words) or ""
    if is_problem(data):
        return _USUAL["" if builder(data)().shapes is None else "mesh"]
    try:
        return _USUAL["cloud" if "--coordinates" in words else points_of(data)]
    except (FredholmError, OSError):  # said when the file is read
        return _USUAL[""]


def base_name(args: argparse.Namespace) -> str:
    """What the run folder is called before its number."""
    return f"{Path(args.data).stem or 'data'}-{args.system}"


def parser(words: Sequence[str]) -> Parser:
    """All flags, those of the system and of the named problem included.

    Raises:
        FredholmError: The system is unknown.
    """
    from fredholm.systems import card

    result = Parser("fit", "DATA", SUMMARY, EXAMPLE)
    _add_main(result)
    _add_training(result)
    _add_rollouts(result)
    usual = default_system(words)
    result.set_defaults(system=usual)
    found = card(word_behind("--system", words) or usual)
    if not found.closed_form:
        defaults = vars(found.recipe.optimiser)
        flags.add_flags(result, _OPTIMISER, type(found.recipe.optimiser), defaults=defaults)
    flags.add_flags(result, f"{found.key} hyper-parameters", found.builder)
    key = problem_in(words)
    if key is not None and is_problem(key):
        _add_problem(result, key)
    add_description(result)
    return result


def _add_main(result: Parser) -> None:
    add = result.add_argument
    add("data", metavar="DATA", help="file of samples in any format that is read, or a problem")
    add("--test", nargs="+", metavar="FILE", help="test samples (default: a tenth of DATA)")
    add(
        "--system",
        help="what is trained, see `fredholm systems` (default: fno on grids, spon on meshes, gnot "
        "on clouds)",
    )
    add(
        "--seed", type=flags.seed, default=0, metavar="S", help="of all that is random (default: 0)"
    )
    add("--run", metavar="FOLDER", help="run folder to make (default: runs/DATA-SYSTEM-K)")
    add("--resume", action="store_true", help="continue the run in the folder where it stopped")
    add("--json", action="store_true", help="end with one line of JSON")
    group = result.add_argument_group("budget, one of (default: 60 seconds)")
    group = group.add_mutually_exclusive_group()
    group.add_argument("--seconds", type=flags.number, metavar="X", help="of training")
    group.add_argument("--steps", type=flags.whole, metavar="N", help="of the optimiser")
    group.add_argument("--epochs", type=flags.whole, metavar="N", help="passes over the samples")


def _add_training(result: Parser) -> None:
    from fredholm.systems.learn import Trajectory

    add = result.add_argument_group("training").add_argument
    add("--samples", type=flags.positive, metavar="N", help="use the first N samples of DATA")
    add(
        "--validation", type=flags.number, default=0.1, metavar="X",
        help="fraction, or number, of samples that choose the weights (default: 0.1)",
    )  # fmt: skip
    add(
        "--symmetry", default="auto", metavar="GROUP",
        help="none, square, reflections or odd-reflection, with the kinds of the functions where "
        "they are not scalars, as square:pseudoscalar or square:vector,scalar (default: auto, what "
        "the equations have, or the one that fits)",
    )  # fmt: skip
    ways = get_args(Trajectory)
    add(
        "--trajectory", type=flags.one_of(ways), default="auto", metavar="|".join(ways),
        help="repeat a step through the whole trajectory, answer all times at once, learn the step "
        "to the next frame, or to any later one (default: auto, at once up to 32 frames, else "
        "steps)",
    )  # fmt: skip
    add(
        "--batch", type=flags.positive, metavar="N", help="samples per step (default: the system's)"
    )
    add(
        "--objective", type=flags.one_of(("relative-l2", "relative-h1")), metavar="NAME",
        help="relative-l2 or relative-h1 (default: the system's)",
    )  # fmt: skip
    add("--device", default="auto", help="cpu, cuda, cuda:1 (default: auto)")
    add(
        "--snapshots", type=flags.number, default=30.0, metavar="X",
        help="seconds between snapshots, the most that a kill can cost (default: 30)",
    )  # fmt: skip


def _add_rollouts(result: Parser) -> None:
    add = result.add_argument_group("steps that will be repeated").add_argument
    add(
        "--unroll", type=flags.positive, metavar="N",
        help="train through N repeated steps (default: 1)",
    )  # fmt: skip
    add(
        "--push-forward", action="store_true",
        help="only the last of the N steps counts, from a state that the surrogate made",
    )  # fmt: skip
    add(
        "--grow", action="store_true",
        help="begin with one step and double their number up to N during the training",
    )  # fmt: skip
    add(
        "--noise", type=flags.number, default=0.0, metavar="X",
        help="noise on the inputs, relative to their size (default: 0)",
    )  # fmt: skip


def _add_problem(result: Parser, key: str) -> None:
    add_problem_flags(result, key)
    add = result.add_argument_group(
        f"samples of {key}, 1000 unless --samples says more"
    ).add_argument
    add(
        "--resolution", type=flags.several(flags.positive), metavar="R",
        help="points per axis (default: 128 on a line, 33 on a square, 17 in a cube)",
    )  # fmt: skip
    add(
        "--tol", type=flags.number, metavar="X",
        help="relative error that the solver aims at (default: the problem's)",
    )  # fmt: skip


def wanted(args: argparse.Namespace) -> Wanted:
    """What the flags ask for.

    Raises:
        FredholmError: A choice is unknown.
        ValueError: A value is impossible.
    """
    from fredholm.systems import card
    from fredholm.systems.learn import Choices, choose_device

    if not args.snapshots > 0:
        raise ValueError(f"--snapshots is a positive number of seconds, got {args.snapshots:g}")
    if not args.validation > 0:
        raise ValueError(
            f"--validation is a fraction, or a number, above 0, got {args.validation:g}"
        )
    found, budget = card(args.system), _budget(args)
    hyper = flags.chosen(args, f"{found.key} hyper-parameters")
    recipe = _recipe(args, found.recipe)
    chain = _chain(args, recipe)
    choose_device(args.device)
    _known_symmetry(args.symmetry)
    settings = {
        "data": _data(args),
        "test": "a tenth of the samples" if args.test is None else "files",
        "system": args.system,
        "hyper": hyper,
        "budget": str(budget),
        "seed": args.seed,
        "validation": args.validation,
        "symmetry": args.symmetry,
        "trajectory": args.trajectory,
        "chain": str(chain),
        "noise": args.noise,
        "optimiser": str(recipe.optimiser),
        "objective": str(recipe.objective),
        "batch": recipe.batch,
    }
    choices = Choices(
        hyper=hyper,
        validation=args.validation,
        symmetry=args.symmetry,
        trajectory=args.trajectory,
        chain=chain,
        noise=args.noise,
        recipe=recipe,
        device=args.device,
    )
    return Wanted(budget, choices, settings)


def _budget(args: argparse.Namespace) -> "Budget":
    from fredholm.training import Budget

    if args.seconds is args.steps is args.epochs is None:
        return Budget(seconds=_DEFAULT_SECONDS)
    return Budget(seconds=args.seconds, steps=args.steps, epochs=args.epochs)


def _recipe(args: argparse.Namespace, recipe: "Recipe") -> "Recipe":
    """The system's recipe with what the user changed."""
    from fredholm.objectives import RelativeH1, RelativeL2

    objectives = {"relative-l2": RelativeL2(), "relative-h1": RelativeH1()}
    return replace(
        recipe,
        optimiser=replace(recipe.optimiser, **flags.chosen(args, _OPTIMISER)),
        objective=objectives.get(args.objective, recipe.objective),
        batch=args.batch or recipe.batch,
    )


def _chain(args: argparse.Namespace, recipe: "Recipe") -> "Chain | None":
    """How steps are trained for their rollouts, if the user says so.

    Raises:
        ValueError: A flag that needs --unroll stands without it, or a negative noise.
    """
    from fredholm.objectives import Chain, Curriculum, RelativeL2, Supervised

    if args.noise < 0:
        raise ValueError(f"--noise is not negative, got {args.noise:g}")
    if args.unroll is None:
        if args.push_forward or args.grow:
            raise ValueError("--push-forward and --grow need the number of steps, --unroll N")
        return None
    distance = recipe.objective if isinstance(recipe.objective, Supervised) else RelativeL2()
    steps = Curriculum(1, args.unroll, "stairs") if args.grow else args.unroll
    back = 1 if args.push_forward else None
    return Chain(steps, distance, through=back, last=args.push_forward)


def _known_symmetry(name: str) -> None:
    from fredholm.fields import members

    if name != "auto":
        members(name, 1)


def _data(args: argparse.Namespace) -> dict[str, Any]:
    if is_problem(args.data):
        parameters = problem_parameters(args.data, args)
        rest = {"resolution": args.resolution, "tol": args.tol, "samples": args.samples}
        return {"problem": args.data, **parameters, **rest}
    return {"file": args.data, "samples": args.samples, **described(args)}
