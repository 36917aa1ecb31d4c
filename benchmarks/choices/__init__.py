"""The run `choices`: what was chosen, beside what could have been."""
