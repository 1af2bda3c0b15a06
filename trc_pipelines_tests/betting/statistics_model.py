"""Statistics of settled bets, slowly: what the product and the tables are compared with."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import groupby

COLUMN_TYPES = {
    "user_id": "str",
    "period": "str",
    "period_start": "datetime64[s]",
    "bets": "int64",
    "won": "int64",
    "lost": "int64",
    "push": "int64",
    "cancelled": "int64",
    "win_rate": "float64",
    "wagered": "int64",
    "returned": "int64",
    "net": "int64",
    "roi": "float64",
    "biggest_win": "Int64",
    "biggest_loss": "Int64",
    "current_streak": "int64",
    "best_win_streak": "int64",
    "worst_loss_streak": "int64",
    "perfect_days": "int64",
    "favourite_team": "str",
    "tail_net": "int64",
    "fade_net": "int64",
    "others_net": "int64",
    "balance_high": "Int64",
    "balance_low": "Int64",
    "average_stake": "Int64",
    "last_bet_at": "datetime64[us, UTC]",
    "last_settled_at": "datetime64[us, UTC]",
}


def period_of(period: str, moment: datetime) -> datetime | None:
    day = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    return {"all_time": None, "day": day, "week": day - timedelta(days=day.weekday())}[period]


def modelled_row(own: list[dict], others: list[dict], balances: list[int]) -> dict:
    """What a row says of the user's own bets, others' bets on their picks and their balances."""
    own = sorted(own, key=lambda b: (b["settled_at"], b["created_at"], b["bet_id"]))
    count = Counter(b["status"] for b in own)
    decided = [b for b in own if b["status"] in ("won", "lost")]
    staked = [b for b in own if b["status"] != "cancelled"]
    wagered = sum(b["stake"] for b in staked)
    net = sum(b["net"] for b in own)
    runs = [(won, len(list(run))) for won, run in groupby(b["status"] == "won" for b in decided)]
    outcomes: dict[object, set[str]] = {}
    for b in decided:
        outcomes.setdefault(b["settled_at"].date(), set()).add(b["status"])
    teams = Counter(b["team"] for b in staked if b["team"] is not None)
    return {
        "bets": len(own),
        "won": count["won"],
        "lost": count["lost"],
        "push": count["push"],
        "cancelled": count["cancelled"],
        "win_rate": count["won"] / len(decided) if decided else None,
        "wagered": wagered,
        "returned": sum(b["payout"] for b in staked),
        "net": net,
        "roi": net / wagered if wagered else None,
        "biggest_win": max((b["net"] for b in own if b["status"] == "won"), default=None),
        "biggest_loss": min((b["net"] for b in own if b["status"] == "lost"), default=None),
        "current_streak": (runs[-1][1] if runs[-1][0] else -runs[-1][1]) if runs else 0,
        "best_win_streak": max((length for won, length in runs if won), default=0),
        "worst_loss_streak": max((length for won, length in runs if not won), default=0),
        "perfect_days": sum(statuses == {"won"} for statuses in outcomes.values()),
        "favourite_team": min(teams, key=lambda team: (-teams[team], team), default=None),
        "tail_net": sum(b["net"] for b in own if b["is_tail"]),
        "fade_net": sum(b["net"] for b in own if b["is_fade"]),
        "others_net": sum(b["net"] for b in others),
        "balance_high": max(balances, default=None),
        "balance_low": min(balances, default=None),
        "average_stake": wagered // len(staked) if staked else None,
        "last_bet_at": max((b["created_at"] for b in own), default=None),
        "last_settled_at": max((b["settled_at"] for b in own), default=None),
    }


def modelled_rows(bets: list[dict], entries: list[tuple]) -> list[dict]:
    """The summary, bet by bet."""
    rows = []
    users = {b["user_id"] for b in bets} | {b["author_id"] for b in bets if b["author_id"]}
    for user in sorted(users):
        involved = [b for b in bets if user in (b["user_id"], b["author_id"])]
        for period in ("all_time", "day", "week"):
            for start in sorted({period_of(period, b["settled_at"]) for b in involved}):
                within = [b for b in involved if period_of(period, b["settled_at"]) == start]
                own = [b for b in within if b["user_id"] == user]
                others = [b for b in within if b["user_id"] != user]
                balances = [
                    after
                    for owner, at, after in entries
                    if owner == user and period_of(period, at) == start
                ]
                key = {"user_id": user, "period": period, "period_start": start}
                rows.append(key | modelled_row(own, others, balances))
    return rows
