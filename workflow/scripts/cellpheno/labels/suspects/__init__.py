"""Annotated cells whose class is likely wrong (A10, A41)."""
