"""What the patient's side declares about a person's health, and the emergency card made of it."""
