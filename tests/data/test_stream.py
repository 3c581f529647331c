from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from miniatures import samples as example_samples

from fredholm.data import Samples, StreamedSamples, open_samples, read, windows, write_netcdf
from fredholm.domains import Axis, Grid
from fredholm.errors import DataError
from fredholm.fields import Field, Variable

NAMES = ["own", "pt_burgers", "mat73_ns", "pdebench_1d", "pdebench_grouped", "the_well"]


def streamed(path: Path) -> StreamedSamples:
    found = open_samples(path, memory_limit=0)
    assert isinstance(found, StreamedSamples)
    return found


def equal(a: Samples, b: Samples) -> bool:
    params = (a.params is None) == (b.params is None)
    if a.params is not None and b.params is not None:
        params = torch.equal(a.params, b.params)
    return (
        params
        and torch.equal(a.inputs.values, b.inputs.values)
        and torch.equal(a.targets.values, b.targets.values)
    )


@pytest.mark.parametrize("name", NAMES)
def test_streaming_equals_memory(make: Callable[[str], Path], name: str) -> None:
    path = make(name)
    whole, stream = read(path), streamed(path)
    assert isinstance(open_samples(path), Samples)
    assert len(stream) == len(whole)
    for attribute in (
        "input_domain", "target_domain", "input_variables", "target_variables", "param_variables",
        "origin",
    ):  # fmt: skip
        assert getattr(stream, attribute) == getattr(whole, attribute)
    assert equal(stream.head(2), whole.head(2))
    chosen = torch.tensor([4, 0, 0, 3])
    assert equal(stream[chosen], whole[chosen])
    assert equal(stream[1:5:2], whole[1:5:2])
    for a, b in zip(stream.batches(4), whole.batches(4), strict=True):
        assert equal(a, b)


def test_split_draws_the_same_samples(make: Callable[[str], Path]) -> None:
    path = make("own")
    a, b = (
        part.split(2, generator=torch.Generator().manual_seed(3))
        for part in (read(path), streamed(path))
    )
    assert all(equal(x, y[:]) for x, y in zip(a, b, strict=True))


def test_shuffling_shows_every_sample_once_and_repeats_from_its_seed(tmp_path: Path) -> None:
    path = write_netcdf(example_samples(100), tmp_path / "a.nc")
    stream = StreamedSamples(streamed(path).source, block=4)
    seen = []
    for _ in range(2):
        generator = torch.Generator().manual_seed(0)
        batches = list(stream.batches(8, generator=generator))
        assert [len(batch) for batch in batches] == [8] * 12 + [4]
        seen.append(torch.cat([batch.inputs.values for batch in batches]).flatten(1))
    whole = read(path).inputs.values.flatten(1)
    assert torch.equal(seen[0], seen[1]) and not torch.equal(seen[0], whole)
    order = torch.cdist(seen[0].double(), whole.double()).argmin(1)
    assert order.sort().values.tolist() == list(range(100))


def test_a_view_may_make_several_samples_of_each(tmp_path: Path) -> None:
    whole = read(write_netcdf(trajectories(), tmp_path / "t.nc"))
    stream = streamed(tmp_path / "t.nc").mapped(lambda samples: windows(samples, 2))
    steps = windows(whole, 2)
    assert len(stream) == len(steps) == 7 * 3
    assert equal(stream[[5, 0, 20, 5]], steps[[5, 0, 20, 5]])
    assert equal(stream.head(4), steps.head(4))
    assert [len(b) for b in stream.batches(4)] == [4] * 5 + [1]
    for a, b in zip(stream.batches(4), steps.batches(4), strict=True):
        assert equal(a, b)
    shuffled = torch.cat(
        [b.inputs.values for b in stream.batches(4, generator=torch.Generator().manual_seed(0))]
    )
    assert not torch.equal(shuffled, steps.inputs.values)
    assert torch.equal(
        shuffled.flatten().sort().values, steps.inputs.values.flatten().sort().values
    )
    kept, held = stream.split(2, generator=torch.Generator().manual_seed(0))
    assert (len(kept), len(held)) == (5 * 3, 2 * 3)
    firsts = {tuple(part.inputs.values.flatten(1)[:, 0].tolist()) for part in (kept[:], held[:])}
    assert len(firsts) == 2
    with pytest.raises(DataError, match="equally many samples of each"):
        stream.mapped(lambda samples: samples[:1])


def trajectories() -> Samples:
    """Seven trajectories of four steps: frame k of number i has the value 10 i + k."""
    space = Grid((3,), periodic=True)
    values = 10.0 * torch.arange(7)[:, None] + torch.arange(5)
    values = values[..., None, None].expand(7, 5, 3, 1)
    time = Axis(5, 0.0, 2.0, name="t")
    u = (Variable("u"),)
    return Samples(Field(values[:, 0], space), Field(values, Grid.of(time, *space.axes)), u, u)
