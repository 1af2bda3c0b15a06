"""Does a test notice, when a rule is a little wrong, or a guard is gone? `make mutants`.

Rules: every mutant that mutmut makes of them. Guards: lines of SQL that are removed one by one
(`guards.py`). Whatever lives though nobody said why is printed, and the exit code is 1.
"""

import argparse
import subprocess
import sys

from trc_pipelines.cli.output import say
from trc_pipelines_tests.mutants import rules, without


def main() -> None:
    """Try what was not tried as it is now, and tell what lives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "modules",
        nargs="*",
        help="of rules, which are tried again, as: xp betting.rules.streaks; or: guards; default: all",
    )
    words = parser.parse_args().modules
    modules = [word for word in words if word != "guards"]
    alive = 0
    if modules or not words:
        # In a process of its own, which reads the product from the copy that has mutants.
        subprocess.run([sys.executable, "-m", rules.__name__, *modules], check=True)
        alive += _tell_scores(modules)
    if "guards" in words or not words:
        alive += len(without.try_guards())
    sys.exit(alive > 0)


def _tell_scores(modules: list[str]) -> int:
    """Say how many were killed, and what lives; how many do."""
    scores = rules.judge(modules)
    for module, score in scores.items():
        tried = score.dead + len(score.alive)
        say(
            f"{score.share:7.1%}  {score.dead:4} of {tried:4}, {score.equivalent:2} equivalent  {module}"
        )
        for mutant in score.alive:
            say(f"    {mutant.function}\n      - {mutant.was}\n      + {mutant.becomes}")
    dead = sum(score.dead for score in scores.values())
    alive = sum(len(score.alive) for score in scores.values())
    say(f"{dead / max(dead + alive, 1):7.1%}  {dead:4} of {dead + alive:4}")
    return alive


if __name__ == "__main__":
    main()
