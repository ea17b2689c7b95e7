"""What a release has to pass: ``make release-check``."""
