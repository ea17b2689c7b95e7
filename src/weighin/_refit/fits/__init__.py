"""Many fits: on which rows, measured how, kept where; with progress, in processes, resumable."""
