"""What publishes: the nodes of this server's own, each a component that reads one machine or device."""
