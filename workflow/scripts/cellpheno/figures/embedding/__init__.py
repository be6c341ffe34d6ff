"""Figures of the stage `embedding`."""
