"""Equations with a name, one family per file: each a function that returns its statement."""
