"""Documents' content, without storage: headers and conformance."""
