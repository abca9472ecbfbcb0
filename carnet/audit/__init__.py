"""The tamper-evident journal of every access and attempt."""
