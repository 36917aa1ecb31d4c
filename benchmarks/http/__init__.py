"""The run `http`: request rates of API, graphs and pages under 16 clients, and what comes in meanwhile."""
