"""Chapter 11: explanations."""
