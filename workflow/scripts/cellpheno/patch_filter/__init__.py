"""Leaving out patches that show no cells, or none in focus (L9, L10)."""
