"""The run `house`: a simulated house of 60 devices of many dialects, on a server that knows nothing of them."""
