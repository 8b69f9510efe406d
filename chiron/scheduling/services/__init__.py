"""The verbs of scheduling."""
