"""The data model, its migrations and its connections."""
