"""The professional's pages, at /pro."""
