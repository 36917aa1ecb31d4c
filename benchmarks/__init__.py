"""Benchmarks: runs that anybody can repeat, each of which prints one table and writes one JSON file."""
