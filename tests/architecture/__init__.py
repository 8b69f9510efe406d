"""The rules of the house that no linter knows. Each rule is a function that names its faults, and has a planted one."""
