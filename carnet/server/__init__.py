"""The process that serves: transport, routes, health, metrics, sealing, workers."""
