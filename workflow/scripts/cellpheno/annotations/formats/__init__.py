"""Formats of annotation files, each read into regions."""
