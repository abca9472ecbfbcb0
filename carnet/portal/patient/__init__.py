"""The pages of the patient's space."""
