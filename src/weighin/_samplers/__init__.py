"""Who gives their values to whom."""
