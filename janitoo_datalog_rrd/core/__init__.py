"""What any Janitoo server needs; this room knows nothing of RRD files or HTTP."""
