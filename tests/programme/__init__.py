"""The test programme: fuzz, a random walk through all states, simulated weeks, outages, clock jumps."""
