"""Fuzzing: what is put in, what must come of it, and two engines that think of more."""
