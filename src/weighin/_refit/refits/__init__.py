"""What features weigh for a way of training, not for one model."""
