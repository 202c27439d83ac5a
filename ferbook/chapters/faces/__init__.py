"""Chapter 2: faces, labels, protocols."""
