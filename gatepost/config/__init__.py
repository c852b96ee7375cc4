"""Configuration: load, compose, reference."""
