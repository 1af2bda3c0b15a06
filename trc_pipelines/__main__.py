"""The console script. From its first line on Ctrl-C ends it without a word; then the command is loaded."""

import os
import signal


def main() -> None:
    """Load the command and run it."""
    # An interrupted import would show a traceback, and nothing has begun yet. main() exchanges this.
    signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    from trc_pipelines.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
