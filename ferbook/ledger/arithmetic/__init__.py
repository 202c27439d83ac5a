"""Claims that follow from a paper's own numbers, worked out."""
