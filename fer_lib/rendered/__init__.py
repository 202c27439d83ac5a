"""The parametric head: people, movements, light, and what causes a label."""
