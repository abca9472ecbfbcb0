"""Documents' metadata: registration, stored queries, updates."""
