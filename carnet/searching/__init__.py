"""Searching in the words of documents: how words are compared, what a document is found by, what somebody asks, which passage answers. Pure."""
