"""Figures of the stage `splits`."""
