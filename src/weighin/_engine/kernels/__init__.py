"""How swaps are predicted: split networks, levels, through the model itself."""
