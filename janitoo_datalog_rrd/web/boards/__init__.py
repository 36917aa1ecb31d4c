"""Boards: pages that people put together of series, kept on the server."""
