"""Coefficients of Runge-Kutta schemes with an embedded error estimate."""

from dataclasses import dataclass
from fractions import Fraction

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Tableau:
    """An additive pair of Runge-Kutta schemes for ∂ₜ s = L s + N(s, t), or one explicit scheme.

    Args:
        explicit: Coefficients of N at earlier stages, row i with i entries.
        implicit: Coefficients of L at stages, row i with i + 1 entries; empty where L is treated
            like N.
        weights: Weights of the stages in the step, for L and N alike.
        embedded: Weights of the scheme of lower order that the error is estimated with.
        order: Order of the step.
        same_last: The last stage is the step itself, so that its rate is the first of the next.
    """

    explicit: Rows
    implicit: Rows
    weights: tuple[float, ...]
    embedded: tuple[float, ...]
    order: int
    same_last: bool = False

    @property
    def nodes(self) -> tuple[float, ...]:
        """When in the step the stages are."""
        return tuple(sum(row) for row in self.explicit)


def _row(text: str) -> tuple[float, ...]:
    return tuple(float(Fraction(entry)) for entry in text.split())


def _rows(text: str) -> Rows:
    return ((), *(_row(line) for line in text.strip().splitlines()))


DORMAND_PRINCE = Tableau(
    explicit=_rows("""
        1/5
        3/40 9/40
        44/45 -56/15 32/9
        19372/6561 -25360/2187 64448/6561 -212/729
        9017/3168 -355/33 46732/5247 49/176 -5103/18656
        35/384 0 500/1113 125/192 -2187/6784 11/84
    """),
    implicit=(),
    weights=_row("35/384 0 500/1113 125/192 -2187/6784 11/84 0"),
    embedded=_row("5179/57600 0 7571/16695 393/640 -92097/339200 187/2100 1/40"),
    order=5,
    same_last=True,
)
"""Dormand and Prince, J. Comput. Appl. Math. 6, 1980: order 5 with 4 embedded, explicit."""

KENNEDY_CARPENTER = Tableau(
    explicit=_rows("""
        1/2
        13861/62500 6889/62500
        -116923316275/2393684061468 -2731218467317/15368042101831 9408046702089/11113171139209
        -451086348788/2902428689909 -2682348792572/7519795681897 12662868775082/11960479115383 3355817975965/11060851509271
        647845179188/3216320057751 73281519250/8382639484533 552539513391/3454668386233 3354512671639/8306763924573 4040/17871
    """),  # noqa: E501
    implicit=(
        (0.0,),
        *_rows("""
        1/4 1/4
        8611/62500 -1743/31250 1/4
        5012029/34652500 -654441/2922500 174375/388108 1/4
        15267082809/155376265600 -71443401/120774400 730878875/902184768 2285395/8070912 1/4
        82889/524892 0 15625/83664 69875/102672 -2260/8211 1/4
        """)[1:],
    ),
    weights=_row("82889/524892 0 15625/83664 69875/102672 -2260/8211 1/4"),
    embedded=_row(
        "4586570599/29645900160 0 178811875/945068544 814220225/1159782912 -3700637/11593932 "
        "61727/225920"
    ),
    order=4,
)
"""ARK4(3)6L[2]SA of Kennedy and Carpenter, Appl. Numer. Math. 44, 2003: order 4 with 3 embedded,
the linear part implicit, L-stable and stiffly accurate."""
