"""The community's leaderboards as members see them, with names."""

import pandas as pd

from trc_pipelines.cli.installation import Installation
from trc_pipelines.cli.output import print_columns, print_table, say
from trc_pipelines.community.membership import advise
from trc_pipelines.names import clean_names

SHOWN = 10


def show_boards(installation: Installation) -> None:
    """Print boards and streaks, and before anybody has points who has the most XP."""
    with installation.database.transaction(commit=False) as transaction:
        ranks = transaction.read("cli/select_top_ranks", most=SHOWN)
        streaks = transaction.read("cli/select_top_streaks", most=SHOWN)
        xp = transaction.read("cli/select_top_xp", most=SHOWN)
        advice = advise(transaction, installation.settings)
    if ranks.empty:
        _show_xp(xp, advice)
        return
    columns = [["rank", *ranks["rank"].astype("str")]]
    for board in ("global", "weekly", "monthly"):
        points, names = ranks[f"{board}_points"], clean_names(ranks[f"{board}_name"])
        shown = points.map("{:,}".format, na_action="ignore").astype("object")
        columns.append(["points", *shown.where(points.notna(), "")])
        columns.append([board, *names.where(points.notna(), "")])
    rows = [list(row) for row in zip(*columns, strict=True)]
    print_columns("Leaderboards", rows, [True, *[True, False] * 3])
    if streaks.empty:
        return
    streaks["name"] = clean_names(streaks["name"])
    streaks["last_active_on"] = streaks["last_active_on"].dt.strftime("%a %d %b")
    streaks.columns = streaks.columns.str.replace("_", " ")
    print_table("Streaks, in weekdays", streaks)


def _show_xp(xp: pd.DataFrame, advice: str | None) -> None:
    if not xp.empty:
        xp["name"] = clean_names(xp["name"])
        print_table("By XP, as last read", xp)
    said = advice or (
        "nobody is on a board yet: points come with the XP that is gained from now on, "
        "and boards are ranked every hour"
    )
    say(said)
