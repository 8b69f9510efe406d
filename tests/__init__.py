"""What no app owns: the house as a whole."""
