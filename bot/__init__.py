"""The outside world: whatever waits, sends, reads a clock or an environment."""
