"""The tables that pass between rules: what each column means, checked on write and on read."""
