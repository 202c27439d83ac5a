"""Tables, figures and phrases."""
