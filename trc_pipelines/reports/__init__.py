"""Views become frames, frames charts, charts a page that people open every morning, and a weekly post.

What is drawn of a domain stands in its own `charts.py`. Libraries that draw are imported when something
is drawn: nothing else waits for them.
"""
