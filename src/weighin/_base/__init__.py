"""What everything may use: errors, files, text, progress, seeds."""
