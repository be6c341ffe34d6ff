"""Helpers that know nothing about images: errors, complete files, jobs, boxes, names."""
