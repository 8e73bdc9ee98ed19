"""The rules of the business: standard library only, no clock, no randomness, no database."""
