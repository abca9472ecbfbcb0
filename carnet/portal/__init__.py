"""The door of web pages: the patient's space."""
