"""URLs of databases, as each driver reads them."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from sqlalchemy.engine import make_url


def libpq_url(url: str, defaults: Mapping[str, str] | None = None, **parameters: str) -> str:
    """Spell a URL for libpq, with all its parameters (sslmode, sslrootcert, options …).

    SQLAlchemy would write a space as "+", and libpq would read a plus; in the database's name it would
    write it as it is, which libpq refuses.

    Args:
        defaults: parameters that the URL may say otherwise.
        parameters: those it may not.
    """
    target = make_url(url).set(drivername="postgresql")
    query = {**(defaults or {}), **target.query, **parameters}
    # One that is there twice is a list to SQLAlchemy. To libpq lists have commas.
    flat = {
        name: value if isinstance(value, str) else ",".join(value) for name, value in query.items()
    }
    server = target.set(query={})._replace(database=None).render_as_string(hide_password=False)
    plain = f"{server}/{quote(target.database or '', safe='')}"
    return f"{plain}?{urlencode(flat, quote_via=quote)}" if flat else plain
