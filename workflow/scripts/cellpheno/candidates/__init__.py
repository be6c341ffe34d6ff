"""Candidates that need no detector: patches of a grid, or annotated objects."""
