"""Columns that go together: associations, clusters, and shuffles that leave the data."""
