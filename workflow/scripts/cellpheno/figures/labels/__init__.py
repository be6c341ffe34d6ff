"""Figures of the stage `labels`."""
