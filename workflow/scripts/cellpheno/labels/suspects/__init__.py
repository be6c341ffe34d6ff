"""Annotated cells whose class is probably wrong (A10, A41)."""
