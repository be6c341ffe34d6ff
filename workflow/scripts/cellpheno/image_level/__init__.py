"""How well cells of one class are found in whole images: average precision and F1 (C53, C54)."""
