"""Every operator fulfils the contract and its claims; broken ones are caught."""

import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.fields import NOTHING, Field, Standardise
from fredholm.models import (
    CAPE,
    FNO,
    T1,
    ConditionalUNet,
    ConvNet,
    DeepONet,
    LinearRegression,
    NearestNeighbour,
    NeuralSpectral,
    PointwiseMLP,
    Refiner,
    ResNet,
    SpaceTimeFNO,
    StableNO,
    TrainMean,
    UNet,
)
from fredholm.operators import (
    AnyResolution,
    Boosted,
    ConsistentQuery,
    Constrained,
    Equivariant,
    GroupAveraged,
    Increment,
    Linear,
    Normalised,
    OnGrid,
    Operator,
    OverTime,
    PassiveBeyond,
    Recurrent,
    ShiftEquivariant,
    TimeChannels,
    Unrolled,
    ZeroOnBoundary,
    repeat,
)
from fredholm.operators.claims import Claim
from fredholm.testing import CLAUSES, band_limited, examine
from fredholm.testing.contracts import batch_is_a_loop, forward_mode_passes, gradients_reach_all

LINE = Grid((24,), periodic=True)
SQUARE = Grid((16, 16), periodic=True)
WALLS = Grid((17, 17))
CELLS = Grid((16, 16), location="cell")
TIMES = Axis(3, 0.0, 1.0, location="right", name="t")

OPERATORS = {
    "fno line": (lambda: FNO(1, 2, (5,), hidden_channels=8, layers=2), LINE),
    "fno square": (lambda: FNO(1, 1, (4, 3), hidden_channels=6, layers=2), SQUARE),
    "fno box": (lambda: FNO(1, 1, (2, 2, 2), hidden_channels=4, layers=2), Grid((6, 5, 4))),
    "fno shifts": (
        lambda: FNO(1, 1, (4, 4), hidden_channels=6, layers=2, coordinates=False),
        SQUARE,
    ),
    "deeponet": (lambda: DeepONet(1, 2, LINE, basis=6, hidden_channels=8), LINE),
    "convnet": (lambda: ConvNet(1, 1, 2, hidden_channels=4, layers=3), SQUARE),
    "pointwise": (lambda: PointwiseMLP(1, 2, LINE, hidden_channels=8), LINE),
    "u-net": (lambda: OnGrid(UNet(1, 1, 2, hidden_channels=4, levels=2), CELLS), CELLS),
    "u-net learned": (
        lambda: UNet(1, 1, 2, hidden_channels=4, levels=2, learned_resampling=True),
        SQUARE,
    ),
    "res": (lambda: ResNet(1, 2, 2, hidden_channels=4, blocks=2), SQUARE),
    "dil": (lambda: ResNet(1, 1, 1, hidden_channels=4, blocks=1, dilations=(1, 2, 1)), LINE),
    "space-time": (
        lambda: SpaceTimeFNO(1, (2, 4), TIMES, hidden_channels=4, layers=2, latent=4),
        Grid.of(Axis(4, -1.0, 0.0, name="t"), *LINE.axes),
    ),
    "t1 cosine": (lambda: T1(1, 2, (5, 4), hidden_channels=6, layers=2), SQUARE),
    "t1 walls": (lambda: T1(1, 1, (4, 4), hidden_channels=4, layers=1), WALLS),
    "t1 fourier": (
        lambda: T1(1, 1, (4, 3), hidden_channels=6, layers=2, transform="fourier"),
        SQUARE,
    ),
    "stable": (
        lambda: StableNO(1, 1, (5,), hidden_channels=8, layers=2, coordinates=False),
        LINE,
    ),
    "stable dynamic": (
        lambda: StableNO(1, 2, (5, 4), hidden_channels=6, layers=2, dynamic=True),
        SQUARE,
    ),
    "conditional u-net": (
        lambda: ConditionalUNet(1, 2, 2, hidden_channels=4, levels=2),
        SQUARE,
    ),
    "refiner": (
        lambda: OnGrid(
            Refiner(ConditionalUNet(2, 1, 1, conditions=1, hidden_channels=4, levels=1), 1), LINE
        ),
        LINE,
    ),
    "fno linear end": (
        lambda: FNO(
            1, 1, (4,), hidden_channels=6, layers=2, coordinates=False, projection_channels=0
        ),
        LINE,
    ),
    "neural spectral": (
        lambda: NeuralSpectral(1, 2, LINE.resized(15), hidden_channels=6, layers=2),
        LINE,
    ),
    "neural spectral box": (
        lambda: NeuralSpectral(
            1, 1, Grid((7, 6), location="chebyshev"), hidden_channels=4, layers=1
        ),
        WALLS,
    ),
    "constrained": (
        lambda: Constrained(
            OverTime(_small_spectral(CLOCK), CLOCK), initial=((0,), (None,)), scale=0.1
        ),
        LINE,
    ),
    "boosted": (
        lambda: Boosted(
            FNO(1, 1, (3,), hidden_channels=4), FNO(2, 1, (3,), hidden_channels=4), 0.1
        ),
        LINE,
    ),
    "cape": (
        lambda: CAPE(ResNet(3, 2, 1, hidden_channels=4, blocks=1), 1, 2, 0, 1, hidden_channels=4),
        LINE,
    ),
    "normalised": (
        lambda: Normalised(FNO(1, 1, (3,), hidden_channels=4), Standardise(1), Standardise(1)),
        LINE,
    ),
    "averaged": (lambda: GroupAveraged(_small_fno(), "square", 2), SQUARE),
    "repeated": (lambda: repeat(Increment(FNO(1, 1, (3,), hidden_channels=4), 0.1), 2), LINE),
    "unrolled": (lambda: Unrolled(Increment(FNO(1, 1, (3,), hidden_channels=4)), TIMES), LINE),
    "recurrent": (lambda: Recurrent(FNO(1, 1, (3,), hidden_channels=4), TIMES), LINE),
    "time channels": (lambda: TimeChannels(FNO(1, 3, (3,), hidden_channels=4), TIMES), LINE),
}


CLOCK = Axis(6, 0.0, 1.0, location="chebyshev", name="t")


def _small_spectral(time: Axis) -> Operator:
    return NeuralSpectral(1, 1, Grid.of(time, *LINE.axes), hidden_channels=4, layers=1)


def _small_fno() -> Operator:
    return FNO(1, 1, (3, 3), hidden_channels=4, layers=2)


@pytest.mark.parametrize("name", OPERATORS)
def test_contract(name):
    build, grid = OPERATORS[name]
    examine(build, grid)


CLAIMS = [
    pytest.param(name, claim, id=f"{name}: {type(claim).__name__}")
    for name, (build, _) in OPERATORS.items()
    for claim in build().claims
]


@pytest.mark.parametrize("name, claim", CLAIMS)
def test_claim_holds(name, claim):
    build, grid = OPERATORS[name]
    torch.manual_seed(1)
    fine = grid.resized([32 if grid.dim < 3 else 24] * grid.dim)
    u = band_limited(fine if isinstance(claim, AnyResolution) else grid, waves=2)
    operator = build().double().eval()
    assert claim.defect(operator, u) < claim.bound


class _WrongScale(Operator):
    """A spectral layer whose FFT is scaled by the number of points: breaks with the resolution."""

    def forward(self, u, given=NOTHING, *, at=None):
        spectrum = torch.fft.rfft(u.values, dim=1)
        image = u.with_values(torch.fft.irfft(spectrum, n=u.values.shape[1], dim=1, norm="forward"))
        return image if at is None else image.at(at)


class _Position(Operator):
    """Adds the index of each point: knows where it is."""

    def forward(self, u, given=NOTHING, *, at=None):
        ramp = torch.arange(u.values.shape[1], dtype=u.values.dtype)
        return u.with_values(u.values + ramp[:, None])


class _Square(Operator):
    def forward(self, u, given=NOTHING, *, at=None):
        return u.with_values(u.values**2)


class _BatchMean(Operator):
    """Subtracts the mean over the batch, ignores conditions and has an unused weight."""

    def __init__(self):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.ones(1))
        self.used = torch.nn.Parameter(torch.ones(1))

    def forward(self, u, given=NOTHING, *, at=None):
        values = u.values.detach() if u.values.requires_grad else u.values
        return u.with_values(self.used * (values - values.mean(0, keepdim=True)))


@pytest.mark.parametrize(
    "claim, broken",
    [
        (AnyResolution(), _WrongScale()),
        (ShiftEquivariant(), _Position()),
        (Equivariant(symmetry="reflections"), _Position()),
        (Linear(), _Square()),
        (PassiveBeyond(bound=1e-4, modes=(3,)), _Square()),
        (ZeroOnBoundary(), _Square()),
    ],
    ids=lambda part: type(part).__name__,
)
def test_claim_catches_a_broken_operator(claim: Claim, broken: Operator):
    grid = Grid((25,)) if isinstance(claim, ZeroOnBoundary) else LINE
    assert claim.defect(broken, band_limited(grid)) > 100 * claim.bound


def test_consistent_query_catches_interpolation():
    class Rough(Operator):
        def forward(self, u, given=NOTHING, *, at=None):
            asked = at or u.domain
            return Field(torch.rand(len(u), *asked.shape, 1, dtype=u.values.dtype), asked)

    assert ConsistentQuery().defect(Rough(), band_limited(LINE)) > 0.1


def test_contract_catches_broken_operators():
    u = band_limited(LINE)
    with pytest.raises(AssertionError, match="other functions of its batch"):
        batch_is_a_loop(_BatchMean().double(), u)
    with pytest.raises(AssertionError, match="unused"):
        gradients_reach_all(_BatchMean().double(), u)
    with pytest.raises(AssertionError, match="condition"):
        CLAUSES[2](_Square(), u)

    class Detached(Operator):
        def forward(self, u, given=NOTHING, *, at=None):
            return u.with_values(u.values.detach() ** 2 + 0 * u.values)

    with pytest.raises(AssertionError, match="forward-mode"):
        forward_mode_passes(Detached(), u)


def test_group_average_is_exactly_equivariant():
    operator = GroupAveraged(_small_fno(), "square", 2).double().eval()
    u = band_limited(SQUARE)
    assert Equivariant(symmetry="square").defect(operator, u) < 1e-12
    assert Equivariant(symmetry="square").defect(operator.operator, u) > 1e-3


@pytest.mark.parametrize("group", ["square:pseudoscalar/vector", "reflections:pseudoscalar/vector"])
def test_group_average_turns_each_side_after_its_kind(group):
    """A vorticity changes sign where a velocity turns; as scalars they would not."""
    operator = GroupAveraged(FNO(1, 2, (3, 3), hidden_channels=4, layers=1), group, 2).double()
    u = band_limited(SQUARE)
    assert Equivariant(symmetry=group).defect(operator, u) < 1e-12
    assert Equivariant(symmetry=group.partition(":")[0]).defect(operator, u) > 1e-3


def test_fno_resolution_gap_shrinks_under_refinement():
    """With coordinates on a box with walls the outputs converge as the grid is refined."""
    torch.manual_seed(0)
    operator = FNO(1, 1, (4, 4), hidden_channels=8, layers=2).double()
    with torch.no_grad():
        images = [
            operator(band_limited(Grid((n + 1, n + 1)), waves=2)).at(Grid((9, 9)))
            for n in (16, 32, 64, 128)
        ]
    gaps = [float((image.values - images[-1].values).norm()) for image in images[:-1]]
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2] or gaps[2] < 1e-6 * float(images[-1].values.norm())


@pytest.mark.parametrize(
    "build",
    [
        lambda: TrainMean(LINE, 1),
        lambda: NearestNeighbour(LINE, LINE, 1, 1, 10),
        lambda: LinearRegression(LINE, LINE, 1, 1, 10),
    ],
)
def test_baselines_keep_the_contract(build):
    inputs = band_limited(LINE, n=10, waves=4)
    operator = build().double()
    operator.fit(inputs, inputs.with_values(2 * inputs.values))
    for number in (0, 1, 2):
        CLAUSES[number](operator, inputs[:3])


def test_linear_regression_recovers_a_linear_map():
    u = band_limited(LINE, n=40, waves=4)
    v = u.with_values(u.values.roll(3, 1) - 0.5 * u.values + 1.0)
    operator = LinearRegression(LINE, LINE, 1, 1, 40).double().fit(u[:30], v[:30])
    assert torch.allclose(operator(u[30:]).values, v[30:].values, atol=1e-8)


def test_nearest_neighbour_finds_the_copy():
    u = band_limited(LINE, n=10)
    operator = NearestNeighbour(LINE, LINE, 1, 1, 10).double().fit(u, u)
    near = u.with_values(u.values + 1e-3)
    assert torch.equal(operator(near).values, u.values)
