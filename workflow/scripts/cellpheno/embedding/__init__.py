"""Maps of cells in two dimensions."""
