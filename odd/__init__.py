"""Odd and bad calls of everything users can call, made from a seed: what comes of them, counted by class."""
