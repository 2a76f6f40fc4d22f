"""The doors. Each speaks the neutral message; they do not know each other."""
