"""Executing the chapters and building the pages."""
