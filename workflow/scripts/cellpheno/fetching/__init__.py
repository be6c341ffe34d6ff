"""Data sets from the web: downloaded with resume, checked, unpacked in their folder."""
