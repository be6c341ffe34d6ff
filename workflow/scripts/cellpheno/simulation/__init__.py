"""A microscope, its cells, and studies whose truth is known."""
