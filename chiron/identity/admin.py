"""The admin's pages for platform operators: they look, and what they change they change by verbs."""
