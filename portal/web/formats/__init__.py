"""Dates and numbers as people of each language write them; Django reads `<language>/formats.py` here."""
