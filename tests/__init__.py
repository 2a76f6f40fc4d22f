"""Tests and the local stand-ins they talk to."""
