"""Claims, rules and verdicts."""
