"""Carnet: an open national shared health record."""
