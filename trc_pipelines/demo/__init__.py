"""A MEE6 of our own: an invented community, and an HTTP server that speaks for it.

For demonstrations and tests: nothing that runs in production may import from here. `population`
and `simulator` know neither the database nor the rules for points.
"""
