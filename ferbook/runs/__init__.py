"""Making, recording and checking runs."""
