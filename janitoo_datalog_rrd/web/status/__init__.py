"""The status page and what it shows as JSON: how the server is, part by part."""
