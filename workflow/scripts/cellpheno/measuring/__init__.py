"""Intervals and corrections that every stage uses to measure."""
