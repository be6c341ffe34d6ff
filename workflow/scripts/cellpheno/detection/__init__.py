"""Finding cells: tiles, detectors behind one small interface, evaluation."""
