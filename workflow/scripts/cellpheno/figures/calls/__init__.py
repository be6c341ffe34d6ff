"""Figures of the stage `calls`."""
