"""Measures the cases it is asked for, a JSON line each, and answers with one: see `pairs`."""

import json
import os
import signal
import sys
from typing import Any

from bench.cases import CASES
from bench.server import RELATIONS, Server, fetch, run_server


def main() -> None:
    """Answer until there are no more questions."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # stopping its server
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a case or its children print is no answer
    with run_server() as server:
        found = fetch(server.url_of(server.template), RELATIONS)
        print(json.dumps({name: rest for name, *rest in found}), file=answers, flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(server, **json.loads(line))), file=answers, flush=True)


def answer(server: Server, case: str, size: int, compared: dict) -> dict[str, Any]:
    """Measure a case once."""
    server.compared, server.digests = compared, []
    figures, error = [], None
    try:
        figures += [f.as_dict() for f in CASES[case].measure(server, size, repetitions=1)]
    except Exception as problem:  # the other cases can be measured all the same
        error = f"{type(problem).__name__}: {problem}"
    return {"figures": figures, "error": error, "digests": server.digests}


if __name__ == "__main__":
    main()
