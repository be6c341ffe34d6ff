"""The config and the sample sheet, checked before any job starts."""
