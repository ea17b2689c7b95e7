"""Importance in parts: rows are weighed where they lie, and what comes of them is added up."""
