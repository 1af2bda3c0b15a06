"""Does a test notice, when a rule is a little wrong, or a guard is gone? `make mutants`.

Rules: every mutant that mutmut makes of them. Guards: lines of SQL that are removed one by one
(`guards.py`). Whatever lives though nobody said why is printed, and the exit code is 1.
"""

import argparse
import subprocess
import sys

from trc_pipelines.cli.output import say
from trc_pipelines_tests.mutants import rules


def main() -> None:
    """Try what was not tried as it is now, and tell what lives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="words of paths of rules; default: all")
    options = parser.parse_args()
    subprocess.run([sys.executable, "-m", rules.__name__, *options.modules], check=True)
    alive = 0
    for path, score in rules.judge().items():
        alive += len(score.alive)
        tried = score.dead + len(score.alive)
        say(
            f"{score.share:7.1%}  {score.dead:4} of {tried:4}  {score.equivalent:3} equivalent  {path}"
        )
        for mutant in score.alive:
            say(
                f"    {mutant.function.rpartition('.')[2]}\n      - {mutant.was}\n      + {mutant.becomes}"
            )
    sys.exit(alive > 0)


if __name__ == "__main__":
    main()
