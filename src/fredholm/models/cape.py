"""Channel attention guided by the parameters of the equation."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import Axis, Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP, Conv, SpectralConv
from fredholm.metrics import relative_l2
from fredholm.operators import Claim, Operator, ShiftEquivariant, at_least_one

_GATE = 32
"""Hidden width of the networks that make the gates."""


class CAPE(Operator):
    """base([u, w]), where w is a guess of the answer that the equation's parameters steer.

    The guess starts as w = u, or as a linear map of its channels where the answer has others, and
    is changed three times. A change is made of features of three kinds, and each channel of a
    feature passes a gate that depends on the parameters p:

        z = gelu(conv₅(w))
        change = norm(M gelu(g₁(p) K z + g₂(p) D z + g₃(p) P z + S z))

    K is a spectral convolution, D a convolution of each channel by itself, P, S and M act on the
    points one by one, g₁ to g₃ are small networks, and norm gives each channel mean zero and
    deviation one over space before a learned scale and shift. So one network serves a family of
    equations: the gates choose between transport over distance (K), local change (D) and reaction
    (P).

    Args:
        base: Maps in_channels + out_channels to the answer; takes no parameters itself.
        in_channels, out_channels: Channels of the functions.
        params: Number of parameters p, in numbers of order one (see `ScaledParams`). With 0 the
            gates are learned constants.
        dim: Dimension of the grid.
        hidden_channels: Channels of z; the features have twice as many.
        blocks: Number of changes.
        modes: Wavenumbers of K per axis.

    Shapes:
        Field (batch, *points, in_channels), given.params (batch, params) -> the base's answer.

    Raises:
        ValueError: The parameters are missing or of another number, or the grid has another
            dimension.

    Reference:
        Takamoto et al., ICML 2023, arXiv:2304.14118, section 3. Departs from it: K keeps few modes
        instead of working on means over four points per axis, which is the same for what it sees
        and needs no interpolation; norm has a scale per channel, not per point, so that the guess
        commutes with shifts.
    """

    def __init__(
        self,
        base: Operator,
        in_channels: int,
        out_channels: int,
        params: int,
        dim: int,
        *,
        hidden_channels: int = 32,
        blocks: int = 3,
        modes: int = 12,
    ) -> None:
        super().__init__()
        at_least_one(
            in_channels=in_channels,
            out_channels=out_channels,
            dim=dim,
            hidden_channels=hidden_channels,
            blocks=blocks,
            modes=modes,
        )
        if params < 0:
            raise ValueError(f"the number of parameters is not negative, got {params}")
        self.base = base
        self.params = params
        self.dim = dim
        same = in_channels == out_channels
        self.start = nn.Identity() if same else nn.Linear(in_channels, out_channels)
        self.blocks = nn.ModuleList(
            _Change(out_channels, max(params, 1), dim, hidden_channels, modes)
            for _ in range(blocks)
        )

    @property
    def claims(self) -> tuple[Claim, ...]:
        own = (ShiftEquivariant(),)
        return tuple(claim for claim in own if claim in self.base.claims)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        guess = self.guess(u, given)
        shown = u.with_values(torch.cat([u.values, guess.values], dim=-1))
        return self.base(shown, Given(member=given.member), at=at)

    def guess(self, u: Field, given: Given = NOTHING) -> Field:
        """The guess of the answer, which the base is shown."""
        given.only("params")
        if u.grid.dim != self.dim:
            raise ValueError(f"this operator works on {self.dim} axes, the input is on {u.grid}")
        gates = self._checked(u, given)
        w = self.start(u.values).movedim(-1, 1)
        for block in self.blocks:
            w = w + block(w, gates, u.grid.axes)
        return u.with_values(w.movedim(1, -1))

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """How far the guess is from the target, relative; it reaches none of the base's weights."""
        return {"guess": relative_l2(self.guess(u, given), target).mean()}

    def _checked(self, u: Field, given: Given) -> Float[Tensor, "batch p"]:
        """The parameters; a constant where there are none."""
        if self.params == 0:
            given.only()
            return u.values.new_ones(len(u), 1)
        if given.params is None or given.params.shape != (len(u), self.params):
            raise ValueError(
                f"this operator needs {self.params} parameters for each of {len(u)} functions, got "
                f"{None if given.params is None else tuple(given.params.shape)}"
            )
        return given.params.to(u.values)


class _Change(nn.Module):
    """One change of the guess: features of three kinds behind gates."""

    def __init__(self, channels: int, params: int, dim: int, hidden: int, modes: int) -> None:
        super().__init__()
        wide = 2 * hidden
        self.lifting = Conv(dim, channels, hidden, width=5)
        self.spectral = SpectralConv(hidden, wide, (modes,) * dim)
        self.local = Conv(dim, hidden, wide, width=5, groups=hidden)
        self.pointwise = nn.Linear(hidden, wide)
        self.skip = nn.Linear(hidden, wide)
        self.gates = nn.ModuleList(MLP((params, _GATE, wide)) for _ in range(3))
        # The norm takes any constant away again: a bias here would be dead weight.
        self.projection = nn.Linear(wide, channels, bias=False)
        self.norm = nn.GroupNorm(channels, channels)

    def forward(
        self,
        w: Float[Tensor, "batch c *points"],
        params: Float[Tensor, "batch p"],
        axes: tuple[Axis, ...],
    ) -> Float[Tensor, "batch c *points"]:
        z = functional.gelu(self.lifting(w, axes))
        last = z.movedim(1, -1)
        features = (
            self.spectral(last.movedim(0, -2), axes).movedim(-2, 0),
            self.local(z, axes).movedim(1, -1),
            self.pointwise(last),
        )
        mixed = self.skip(last)
        for feature, gate in zip(features, self.gates):
            opened = gate(params)
            mixed = mixed + opened.reshape(len(w), *[1] * len(axes), -1) * feature
        return self.norm(self.projection(functional.gelu(mixed)).movedim(-1, 1))
