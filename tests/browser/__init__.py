"""The pages in a real browser. A package, so that the browser of the fixtures ends with its last test."""
