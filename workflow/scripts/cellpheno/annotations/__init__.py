"""Annotations in the formats of annotation tools, to and from the boxes table."""
