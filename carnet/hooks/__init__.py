"""The door of decision support: care software asks by CDS Hooks 2.0 while somebody orders, and is answered with cards."""
