"""Figures of the stage `images`."""
