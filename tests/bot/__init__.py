"""The outside world, over real HTTP to strict fakes."""
