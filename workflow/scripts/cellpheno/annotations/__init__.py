"""Annotations drawn by people, from the files of annotation tools to the boxes table."""
