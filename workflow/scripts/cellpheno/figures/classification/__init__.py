"""Figures of the stage `classification`."""
