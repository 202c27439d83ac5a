"""Heat maps against known truth: training, scoring, controls and records."""
