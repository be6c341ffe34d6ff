"""Quality control: what is measured in a field, and what sets it aside."""
