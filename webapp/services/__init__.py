"""What happens: one verb each. They take the session and `now`, flush and never commit; Flask is unknown here."""
