"""Read, compose, judge and store fields of view."""
