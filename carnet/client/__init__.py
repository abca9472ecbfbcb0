"""The reference client: what care software does, against any such service."""
