"""The patient's standing choices."""
