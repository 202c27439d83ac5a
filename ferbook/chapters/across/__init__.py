"""Chapter 9: across data sets."""
