"""Chapter 4: the Residual Masking Network."""
