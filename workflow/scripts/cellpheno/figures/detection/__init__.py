"""Figures of the stage `detection`."""
