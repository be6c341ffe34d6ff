"""Draw figures: each function makes one figure from tables."""
