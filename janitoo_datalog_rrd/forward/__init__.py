"""Forwarding: every sample also to another database, by line protocol over HTTP."""
