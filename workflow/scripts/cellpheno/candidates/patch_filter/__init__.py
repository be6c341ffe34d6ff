"""Exclude patches that show no cells, or none in focus (L9, L10)."""

GOOD = "good"
EMPTY = "empty"
LABELS = (GOOD, EMPTY)
"""Labels of patches."""
