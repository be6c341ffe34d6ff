"""How well cells of the target class are found, cell by cell and in whole images."""
