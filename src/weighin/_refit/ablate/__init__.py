"""What happens to a model that is trained again without some features, or with others."""
