"""The run `choices`: what was chosen beside what could have been: MQTT client, JSON library, journal frame, writers."""
