"""The run `speed`: the server beside its peers, in turns."""
