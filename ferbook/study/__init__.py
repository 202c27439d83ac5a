"""The study of explanations: many movements, a plan that was frozen."""
