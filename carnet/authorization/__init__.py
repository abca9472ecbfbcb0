"""May this requester do this act on this thing? Pure: facts in, verdict, rules and duties out."""
