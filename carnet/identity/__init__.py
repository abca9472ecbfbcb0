"""Who is the patient, and who is asking."""
