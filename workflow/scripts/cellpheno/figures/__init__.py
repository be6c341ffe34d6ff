"""Figures: one function each, tables in, figure out."""
