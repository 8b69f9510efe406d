"""Running an installation: serve, demo, sample data, documentation; and the way in from version 1, with its map."""
