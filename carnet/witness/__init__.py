"""A witness of traces: a process of its own, with its own key and database, that shares no state with the exchange it watches."""
