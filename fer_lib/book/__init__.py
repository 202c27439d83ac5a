"""Executing chapters, binding numbers to runs, building the site."""
