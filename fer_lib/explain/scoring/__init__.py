"""Explanations scored: against known evidence, decoys and controls."""
