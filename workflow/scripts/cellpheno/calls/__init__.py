"""The call of each cell: from scores to one class."""
