"""Serving: what stands between the sockets and the application, on waitress."""
