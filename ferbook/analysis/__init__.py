"""The papers' visual analyses on photographs, as means over many faces."""
