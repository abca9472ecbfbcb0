"""The acts on a health record, the only place where capabilities meet."""
