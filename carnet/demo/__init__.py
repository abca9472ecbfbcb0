"""A fresh home with fictitious people and a test PKI, and the whole journey through the real door."""
