"""What the browser gets: templates and static files. A package only so that they are found wherever it is installed."""
