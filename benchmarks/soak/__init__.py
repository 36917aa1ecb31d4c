"""The run `soak`: hours of constant load; does the server grow?"""
