"""Train again: recipes, splits and fits; what follows from many fits."""
