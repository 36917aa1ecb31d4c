"""The agent beside what people run on their machines today."""
