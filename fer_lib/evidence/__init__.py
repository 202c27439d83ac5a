"""Claims of the papers, records of our runs, verdicts by rule.

Rooms above import the modules by name: this file stays empty, so that a
run's source hash covers only what the run itself uses.
"""
