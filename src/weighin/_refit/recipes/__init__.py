"""How to train models again, on which rows, and many of them: with progress, in processes, resumable."""
