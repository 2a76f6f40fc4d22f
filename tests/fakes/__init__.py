"""Strict local stand-ins for the outside services, driven over real HTTP."""
