"""Showing files that nobody can be trusted to have made: PDF, pictures, RTF and text become plain pictures and plain text.

Whatever parses a foreign format runs in a process of its own that can neither open a file, nor a socket, nor start anything.
"""
