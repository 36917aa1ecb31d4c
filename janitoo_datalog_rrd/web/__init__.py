"""The HTTP side: pages, graphs and API over what the store answers; the end of the way of a value."""
