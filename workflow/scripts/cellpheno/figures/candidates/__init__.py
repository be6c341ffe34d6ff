"""Figures of the stage `candidates`."""
