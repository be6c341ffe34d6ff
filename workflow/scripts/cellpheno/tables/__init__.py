"""The tables that pass between rules, whose columns are checked on write and on read."""
