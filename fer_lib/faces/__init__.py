"""Rendered faces: a parametric head, its renderer and its ground truth."""
