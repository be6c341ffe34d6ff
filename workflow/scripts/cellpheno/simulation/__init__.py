"""Simulate a microscope, its cells, and studies with known ground truth."""
