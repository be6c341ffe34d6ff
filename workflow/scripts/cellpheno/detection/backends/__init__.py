"""Detectors by name, whatever library they come from."""
