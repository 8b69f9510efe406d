"""The complete blood count: its analytes and units, what is possible, what fits together, and classical indices.

Pure functions; nothing here knows patients, models or databases.
"""
