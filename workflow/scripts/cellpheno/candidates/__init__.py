"""Candidates without a detector: the patches of a grid, or annotated objects."""
