from dataclasses import replace

import pytest

from fredholm import problems
from fredholm.cli.reproduce import _experiment
from fredholm.errors import FredholmError
from fredholm.systems import pirate_net
from fredholm.training import Budget


def test_a_training_on_a_device_ends_with_the_error_against_the_exact_solution():
    problem = problems.build("allen_cahn_fronts", frames=9)
    problem = replace(problem, domain=problem.grid(64))
    chosen = pirate_net.setup(problem, width=8, blocks=1, points=64, slices=4)
    error, figures = pirate_net._error(problem, chosen, Budget(steps=3), 0, "cpu")
    assert 0.1 < error < 10
    assert figures["steps"] == 3


def test_a_system_may_have_an_experiment_of_the_published_size_alone():
    key, experiment = _experiment("pirate_net", "paper")
    assert key == "pirate_net-paper" and experiment is pirate_net.published_size
    with pytest.raises(FredholmError, match="no experiment of size 'small'"):
        _experiment("pirate_net", "small")
