"""Helpers that know nothing of images: errors, whole files, jobs, boxes, names."""
