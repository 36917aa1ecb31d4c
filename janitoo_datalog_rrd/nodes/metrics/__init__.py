"""The components of the agent: one file for each kind of thing that a machine is measured by."""
