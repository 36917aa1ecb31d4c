"""Live: those who listen are told of new values as they come."""
