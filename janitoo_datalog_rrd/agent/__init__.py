"""The agent: measures this machine and publishes it; needs nothing but the standard library, psutil and paho-mqtt."""
