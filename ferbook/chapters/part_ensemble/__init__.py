"""Chapter 8: the part-based ensemble."""
