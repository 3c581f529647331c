"""Equations as data: stated in ordinary Python, read by solvers, residuals and printers."""

from fredholm.equations.constants import Values, constant, parameters
from fredholm.equations.equation import Equation, as_equation, eq
from fredholm.equations.expand import expand
from fredholm.equations.functions import (
    absolute,
    cos,
    cosh,
    exp,
    fn,
    log,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from fredholm.equations.json_face import from_json, to_json
from fredholm.equations.latex import latex
from fredholm.equations.requirements import requirements
from fredholm.equations.semilinear import Semilinear, semilinear, states_of
from fredholm.equations.split import Split, normal_form, split_linear
from fredholm.equations.spread import LAPLACIAN, spread
from fredholm.equations.symbol import Symbol, symbol
from fredholm.equations.sympy_face import to_sympy
from fredholm.equations.tree import Coefficient, Coord, Expression, Learned, Param, Unknown
from fredholm.equations.validate import cover, require_well_posed, validate
from fredholm.equations.verbs import (
    advect,
    coefficient,
    coords,
    d,
    div,
    dot,
    dt,
    field,
    grad,
    lap,
    learned,
    normal,
    param,
    pi,
    rot,
    shift,
    vector,
)

__all__ = [
    "LAPLACIAN",
    "Coefficient",
    "Coord",
    "Equation",
    "Expression",
    "Learned",
    "Param",
    "Semilinear",
    "Split",
    "Symbol",
    "Unknown",
    "Values",
    "absolute",
    "advect",
    "as_equation",
    "coefficient",
    "constant",
    "coords",
    "cos",
    "cosh",
    "cover",
    "d",
    "div",
    "dot",
    "dt",
    "eq",
    "exp",
    "expand",
    "field",
    "fn",
    "from_json",
    "grad",
    "lap",
    "latex",
    "learned",
    "log",
    "normal",
    "normal_form",
    "param",
    "parameters",
    "pi",
    "require_well_posed",
    "requirements",
    "rot",
    "semilinear",
    "shift",
    "sign",
    "sin",
    "sinh",
    "split_linear",
    "spread",
    "sqrt",
    "states_of",
    "symbol",
    "tan",
    "tanh",
    "to_json",
    "to_sympy",
    "validate",
    "vector",
]
