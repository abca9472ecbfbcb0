"""Documents' bytes: stored encrypted in segment files, read back whole or not at all."""
