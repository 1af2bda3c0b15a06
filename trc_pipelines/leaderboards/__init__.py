"""The boards of any domain: ranked, closed with their periods, archived, published. No domain is known."""
