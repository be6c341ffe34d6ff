"""Readers of image files: pixels, planes and metadata."""
