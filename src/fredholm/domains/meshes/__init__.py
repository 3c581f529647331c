"""Meshes of simplices: made, checked, refined, searched, and linear functions on them."""
