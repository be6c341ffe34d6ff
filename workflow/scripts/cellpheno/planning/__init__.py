"""Choose the settings that a study leaves to the workflow, from its own data."""
