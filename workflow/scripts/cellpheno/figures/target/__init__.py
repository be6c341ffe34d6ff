"""Figures of the stage `target`."""
