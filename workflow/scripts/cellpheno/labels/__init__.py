"""The class of a cell: from annotations or from a stain, and how far to trust it."""
