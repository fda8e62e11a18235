"""What makes the repository's generated files and publishes a study. It is not installed."""
