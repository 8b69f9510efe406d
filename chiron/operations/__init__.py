"""Running an installation: serve, demo, sample data, documentation. It owns no table."""
