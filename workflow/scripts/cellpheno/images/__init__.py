"""Reading, composing, judging and storing fields of view."""
