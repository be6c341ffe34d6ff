"""Frequencies, tests, effect sizes and intervals across conditions."""
