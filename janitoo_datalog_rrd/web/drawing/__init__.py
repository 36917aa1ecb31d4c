"""Graphs: which picture is asked for, and the processes that draw it."""
