"""The collector: what the processes of this machine take, sent to the server by HTTP; and the alarms that it tells of them."""
