"""Figures of the stage `annotations`."""
