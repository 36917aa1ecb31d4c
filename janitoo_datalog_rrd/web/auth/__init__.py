"""Who gets in: users, tokens, sessions, log-in, and the check of every request's role."""
