"""Chapter 5: RAMN."""
