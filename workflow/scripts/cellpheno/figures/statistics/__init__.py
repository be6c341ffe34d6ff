"""Figures of the stage `statistics`."""
