"""Chapter 12: the reader's own face."""
