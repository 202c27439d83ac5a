"""Metrics, intervals and batched inference."""
