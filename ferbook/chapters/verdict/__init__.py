"""Chapter 10: the verdict."""
