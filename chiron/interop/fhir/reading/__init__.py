"""What a resource says, in Chiron's words. Pure: no database, no clock; what cannot be read is a Fault."""
