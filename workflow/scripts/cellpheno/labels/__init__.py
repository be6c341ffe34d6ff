"""Class labels of cells, from annotations or from a stain, and errors in them."""
