"""Does a 95% interval cover the truth 95 times of 100? Many samples with a known truth, counted."""
