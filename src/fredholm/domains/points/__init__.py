"""Scattered points: clouds and stacks of them, neighbours, weights, and what stands for many."""
