"""Boxes to the files of annotation tools, for people to correct and the readers to read back."""
