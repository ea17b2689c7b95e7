"""Two results beside each other: what one model, season or version weighs more than another."""
