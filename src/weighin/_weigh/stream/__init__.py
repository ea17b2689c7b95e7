"""Weigh all rows of a table piece by piece."""
