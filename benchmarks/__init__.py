"""Benchmarks: runs that anybody can repeat, each of which prints one table and writes one JSON file.

A package for each run, whose module `command` is where to begin: `speed`, `choices`, `http`, `kill`, `soak`, `fuzz`, `house`.
Beside them is what they share: `processes` (child processes, ports, waiting), `helper` (measuring in a process of its own),
`servers` (broker and server), `wire` (MQTT by hand), `load` (what is sent, made beforehand), `bench` and `rows` (contenders in
turns, rows of a table), `machine` (what it runs on), `report` (the table and the file). Tests may use all of it; nothing here
uses the tests.
"""
