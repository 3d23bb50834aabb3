"""A model that answers another process: models.py asks it, server.py speaks the protocol (docs/stress.md)."""
