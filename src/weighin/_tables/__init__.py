"""Data frames, columns and features, whatever library they come from."""
