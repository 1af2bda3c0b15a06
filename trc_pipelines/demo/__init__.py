"""A MEE6 of our own: an invented community, and an HTTP server that speaks for it.

For demonstrations and tests. Nothing that runs in production may import from here, and nothing
here knows the database or the rules for points.
"""
