"""Write boxes as files that annotation tools open and the readers read back."""
