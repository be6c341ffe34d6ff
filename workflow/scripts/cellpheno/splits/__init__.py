"""Train, val and test: assigned, kept apart, checked for near-duplicates."""
