"""The door of care software over SOAP 1.2: one file a transaction."""
