"""Value sets as compact tables with source and version."""
