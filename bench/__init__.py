"""The bench: each path of the product against a floor served by the same server in the same run (`make bench`)."""
