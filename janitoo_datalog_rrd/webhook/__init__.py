"""The webhook forwarder: what this machine does, as JSON to a web server, more often while its processors are busy."""
