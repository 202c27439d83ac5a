"""What single chapters compute and draw."""
