"""What is decided and what is said. Pure: no network, no SQL, no clock, no chance, no files."""
