"""Shares of the loss that features prevent: parts that add up, with intervals."""
