"""How one model is trained again, on any rows and columns, from any seed."""
