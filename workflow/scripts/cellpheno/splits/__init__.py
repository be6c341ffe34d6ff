"""Assign the splits train, val and test, and check them for leaks."""
