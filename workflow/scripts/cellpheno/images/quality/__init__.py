"""Measure the quality of fields and set bad ones aside."""
