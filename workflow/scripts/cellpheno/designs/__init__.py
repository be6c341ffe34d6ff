"""Designs: series of experiments that differ in one thing, and what they show together."""
