"""Fredholm: from a differential equation, or a file of simulations, to a trusted fast surrogate."""

__version__ = "0.1.0"
