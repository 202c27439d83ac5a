"""The second edition: many movements, plain networks, a plan that was frozen."""
