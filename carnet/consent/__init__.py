"""The patient's standing choices: the record's state, oppositions, care links."""
