"""What runs found: frozen, with everything that is shown of them."""
