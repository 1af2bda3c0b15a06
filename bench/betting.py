"""The betting app's jobs: a big weekend, many small games, and an hour on a short and a long history."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from bench.community import run_job
from bench.measure import Cost, Figure, add_up, show_progress
from bench.quiz import EVENTS
from bench.ratios import Task, measure_task
from bench.server import Server, execute
from trc_pipelines.betting.jobs import (
    BADGE_CALCULATION,
    BANKROLL_RESET,
    CONTENT_EXPIRATION,
    GAME_SETTLEMENT,
    STATS_ROLLUP,
)
from trc_pipelines.jobs.contract import Job

SUNDAY = datetime(2026, 3, 8, 22, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
GAMES = 20
WEEKS = {"a month": 4, "a year": 52}
BETS_OF_AN_HOUR, WHO_BET, HOURS = 1000, 500, 4


def measure_settlement(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure games with many bets, and as many games with ten each as have a twentieth of the bets."""
    small_games = size // 200
    yield from measure_task(server, _settlement(size, GAMES), repetitions)
    small = _settlement(10 * small_games, small_games, seconds=1.5 * small_games / 1000)
    yield from measure_task(server, small, repetitions)


def measure_betting(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure statistics, badges, expiration and reset, of so many bets and posts all at once."""
    for task in tasks(size):
        yield from measure_task(server, task, repetitions)


def measure_hour(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure statistics and badges after an hour of new bets, a month and a year after the first bet.

    In a year so many bets are settled, by a two hundredth as many users.
    """
    jobs = {"statistics": STATS_ROLLUP, "badges": BADGE_CALCULATION}
    costs: dict[tuple[str, str], list[Cost]] = {(job, age): [] for job in jobs for age in WEEKS}
    with ExitStack() as stack:
        urls = {
            age: stack.enter_context(_played(server, size // 52, weeks, size // 200))
            for age, weeks in WEEKS.items()
        }
        # The first is for what a process does once.
        for repetition in range(repetitions + 1):
            for age, url in urls.items():
                measured = _play_hours(server, url, jobs, repetition * HOURS, size // 200)
                for name, cost in measured.items():
                    costs[name, age].append(cost)
        for url in urls.values():
            server.keep_digests(url)
    for job in jobs:
        month, year = (costs[job, age][1:] for age in WEEKS)
        yield Figure(
            f"{job} of an hour with {BETS_OF_AN_HOUR:,} new bets, after {size:,}",
            [cost.wall for cost in year],
            "s",
            0.4,
            costs=year,
        )
        yield Figure(
            f"{job} of an hour after a year against after a month (cpu)",
            [long.cpu / short.cpu for long, short in zip(year, month, strict=True)],
            "×",
            1.1,
        )


@contextmanager
def _played(server: Server, bets_of_a_week: int, weeks: int, users: int) -> Iterator[str]:
    """Make a database in which so many weeks of bets are settled and summed up, the last until SUNDAY."""
    show_progress(f"{weeks} weeks of {bets_of_a_week:,} bets")
    begin = SUNDAY - timedelta(weeks=weeks)
    with server.database() as url:
        start_betting(url, users, begin, MONDAY)
        bet(url, 1, bets_of_a_week * weeks, users, begin, SUNDAY)
        for job in (STATS_ROLLUP, BADGE_CALCULATION):
            run_job(url, job, SUNDAY)
        execute(url, "VACUUM (ANALYZE)", "CHECKPOINT")
        yield url


def _play_hours(
    server: Server, url: str, jobs: dict[str, Job], first_hour: int, users: int
) -> dict[str, Cost]:
    """Bet for some hours of the week that begins, and measure what an hour of each job costs."""
    costs: dict[str, list[Cost]] = {name: [] for name in jobs}
    for hour in range(first_hour, first_hour + HOURS):
        begin, end = (MONDAY + timedelta(hours=hour + n) for n in (0, 1))
        first = 10**8 + hour * BETS_OF_AN_HOUR
        bet(url, first, BETS_OF_AN_HOUR, min(users, WHO_BET), begin, end)
        for name, job in jobs.items():
            costs[name].append(server.cost_of(run_job, url, job, end))
    totals = {name: add_up(some) for name, some in costs.items()}
    return {
        name: Cost(total.wall / HOURS, total.client / HOURS, total.server / HOURS)
        for name, total in totals.items()
    }


def start_betting(url: str, users: int, at: datetime, until: datetime) -> None:
    """Open the bankrolls of users who have each made a pick, and play the games of every day."""
    picks = (
        "INSERT INTO betting.posts (id, user_id, created_at) SELECT 'p' || n, md5('u' || n)::uuid, "
        f"'{at}' FROM generate_series(1, {users}) AS g (n)"
    )
    execute(url, *_users(users), _opened(at), _games_of_days(at, until), picks)


def bet(url: str, first: int, number: int, users: int, begin: datetime, end: datetime) -> None:
    """Place bets and settle them in the course of some time, by number from the first one on."""
    bets = _bets(first, number, users, GAMES, _settled_over(begin, end, number))
    execute(url, bets, f"{POSTED} WHERE settled_at > '{begin}' AND settled_at < '{end}'")


def _users(number: int, balance: int = 100_000_000) -> list[str]:
    return [
        "INSERT INTO betting.users (id, created_at) SELECT md5('u' || n)::uuid, '2025-01-01Z' "
        f"FROM generate_series(1, {number}) AS g (n)",
        f"INSERT INTO betting.bankrolls (user_id, balance) SELECT id, {balance} FROM betting.users",
    ]


def _opened(at: datetime) -> str:
    return (
        "INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, effective_at, run_id) "
        f"SELECT user_id, 'opening', balance, balance, '{at}', 'bench' FROM betting.bankrolls"
    )


def _games(number: int) -> str:
    return (
        "INSERT INTO betting.games (id, sport, home_team, away_team, commence_time, status, home_score, "
        "away_score, completed_at) SELECT 'g' || n, 'NFL', 'Hawks ' || n, 'Owls ' || n, '2026-03-08 16:00Z', "
        f"'completed', 20 + n % 40, 30, '2026-03-08 19:00Z' FROM generate_series(1, {number}) AS g (n)"
    )


def _games_of_days(begin: datetime, end: datetime) -> str:
    """SQL that inserts games of every day, over at six, on which bets are settled until six of the next."""
    return (
        "INSERT INTO betting.games (id, sport, home_team, away_team, commence_time, status, home_score, "
        "away_score, completed_at) SELECT 'g' || n || '-' || day::date, 'NFL', 'Hawks ' || n, 'Owls ' || n, "
        "(day + interval '5 hours 30 minutes') AT TIME ZONE 'UTC', 'completed', 20 + n % 40, 30, "
        f"(day + interval '6 hours') AT TIME ZONE 'UTC' FROM generate_series(1, {GAMES}) AS g (n) CROSS JOIN "
        f"generate_series(timestamp '{begin:%Y-%m-%d}' - interval '1 day', '{end:%Y-%m-%d}', '1 day') AS d (day)"
    )


def _bets(first: int, number: int, users: int, games: int, settled_at: str | None = None) -> str:
    """SQL that inserts bets, every seventh of them on the pick of somebody else; pending without a time."""
    created_at, decided = "'2026-03-02 08:00Z'::timestamptz", "'pending', NULL, NULL, NULL"
    game_id = f"'g' || 1 + n % {games}"
    if settled_at:
        # A bet is settled after its game began.
        game_id += f" || '-' || ({settled_at} AT TIME ZONE 'UTC' - interval '6 hours')::date"
        created_at = f"{settled_at} - interval '6 hours'"
        decided = (
            "(ARRAY['won', 'lost', 'push'])[1 + n % 3], (ARRAY[909, -1000, 0])[1 + n % 3], "
            f"(ARRAY[1909, 0, 1000])[1 + n % 3], {settled_at}"
        )
    return (
        "INSERT INTO betting.bets (id, user_id, game_id, bet_type, bet_details, stake, odds, is_tail, "
        "original_pick_id, created_at, status, net, payout, settled_at) "
        f"SELECT md5('b' || n)::uuid, md5('u' || 1 + n % {users})::uuid, {game_id}, 'spread', "
        f"jsonb_build_object('team', 'Hawks ' || 1 + n % {games}, 'line', '3.5'), 1000, -110, n % 7 = 0, "
        f"CASE WHEN n % 7 = 0 THEN 'p' || 1 + n / 7 % {users} END, {created_at}, {decided} "
        f"FROM generate_series({first}, {first + number - 1}) AS g (n)"
    )


def _settled_over(begin: datetime, end: datetime, number: int) -> str:
    """SQL for times spread over some, of bets with numbers in a row."""
    seconds = (end - begin).total_seconds()
    return f"('{begin}'::timestamptz + (1 + n % {number}) * interval '{seconds / (number + 1)} seconds')"


# Each at its time: what one statement recorded is one posting, of which the last balance counts.
POSTED = (
    "INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, bet_id, game_id, "
    "effective_at, recorded_at, run_id) SELECT user_id, 'bet_settled', net, 100000000, id, game_id, "
    "settled_at, settled_at, 'bench' FROM betting.bets"
)


def _settlement(bets: int, games: int, *, seconds: float | None = None) -> Task:
    """Games that are settled, in so many seconds; without these as many bets at once as can be."""
    is_bulk = seconds is None
    # What limits the rate is the writes alone: bare, they do 25,000 on the machine that did 14,000 of these, and
    # 36,000 on a faster one. With fewer bets it is there to be known: what they are held to is the bare work.
    rate = 28_000 if bets >= 200_000 else None
    return Task(
        f"{bets:,} bets on {games:,} games are settled",
        GAME_SETTLEMENT,
        SUNDAY,
        [
            *_users(bets // 4),
            _opened(MONDAY - timedelta(weeks=1)),
            _games(games),
            _bets(1, bets, bets // 4, games),
        ],
        # What grading needs.
        [
            "SELECT bet_type, bet_details ->> 'team', bet_details ->> 'line', bet_details ->> 'total_type', stake, "
            "odds, potential_win, created_at, game_id FROM betting.bets"
        ],
        [
            f"UPDATE betting.bets SET status = 'won', payout = 1909, net = 909, settled_at = '{SUNDAY}'",
            "INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, bet_id, game_id, "
            f"effective_at, run_id) SELECT user_id, 'bet_settled', net, 100000000, id, game_id, '{SUNDAY}', "
            "'bench' FROM betting.bets",
            "UPDATE betting.bankrolls SET balance = balance + 909",
            "INSERT INTO betting.notifications (user_id, type, data, created_at, dedupe_key) SELECT user_id, "
            "'bet_won', jsonb_build_object('bet_id', id, 'stake', stake, 'payout', payout, 'net', net, "
            "'game_id', game_id), now(), 'bet:' || id FROM betting.bets",
            EVENTS.format(
                key="id",
                payload="jsonb_build_object('bet_id', id, 'stake', stake, 'payout', payout, 'net', net, "
                "'game_id', game_id, 'user_id', user_id, 'outcome', status)",
                table="betting.bets",
            ),
        ]
        if is_bulk
        else [],
        seconds=seconds,
        rate_of=("bets settled in a second of processors", bets, rate) if is_bulk else None,
    )


def tasks(size: int) -> Iterator[Task]:
    """List the tasks: statistics and badges are of all the bets of a week, all posts expire."""
    users = size // 20
    begin = SUNDAY - timedelta(days=6)
    played = [
        *_users(users),
        _opened(begin),
        _games_of_days(begin, SUNDAY),
        _bets(1, size, users, GAMES, _settled_over(begin, SUNDAY, size)),
        POSTED,
    ]
    yield Task(
        f"statistics of {size:,} bets, all at once",
        STATS_ROLLUP,
        SUNDAY,
        played,
        [
            "SELECT id, user_id, status, stake, payout, net, is_tail, is_fade, bet_details ->> 'team', created_at, "
            "settled_at, original_pick_id FROM betting.bets",
            "SELECT user_id, effective_at, balance_after FROM betting.bankroll_ledger",
        ],
        [
            "INSERT INTO betting.stats_sources (user_id, folded_digest, open_digest) "
            "SELECT id, 0, 1 FROM betting.users",
            "INSERT INTO betting.user_stats SELECT u.id, p.period, d.day, 3, 1, 1, 1, 0, 0.5, 3000, 2909, -91, "
            "-0.03, 909, -1000, 1, 1, 1, 0, 'Hawks 1', 0, 0, 0, 100000000, 100000000, 1000, now(), now() "
            "FROM betting.users AS u CROSS JOIN (VALUES ('day'), ('week'), ('all_time')) AS p (period) "
            "CROSS JOIN LATERAL (SELECT '2026-03-02'::date + n AS day FROM generate_series(0, 6) AS g (n) "
            "WHERE p.period = 'day' OR n = 0) AS d",
        ],
        # Half of it is the folding of bets into days, in the client, of which the bare work has none.
        aim=2.8,
    )
    yield Task(
        f"badges of a week with {size:,} bets",
        BADGE_CALCULATION,
        SUNDAY,
        played,
        [
            "SELECT user_id, id, status, net, is_tail, is_fade, created_at, settled_at, game_id FROM betting.bets"
        ],
        [
            "INSERT INTO betting.user_badges (user_id, badge, week_start, earned_at) "
            "SELECT id, 'hot_streak', '2026-03-02', now() FROM betting.users",
            "INSERT INTO betting.badge_history (user_id, badge, week_start, change, changed_at, run_id) "
            "SELECT id, 'hot_streak', '2026-03-02', 'earned', now(), 'bench' FROM betting.users",
            "INSERT INTO betting.user_effect_access (user_id, tier, badges, week_start, changed_at) "
            "SELECT id, 1, 1, '2026-03-02', now() FROM betting.users",
            "INSERT INTO betting.notifications (user_id, type, data, created_at, dedupe_key) SELECT id, "
            "'milestone', jsonb_build_object('badge', 'hot_streak'), now(), 'badge' FROM betting.users",
            EVENTS.format(
                key="id", payload="jsonb_build_object('user_id', id)", table="betting.users"
            ),
            EVENTS.format(
                key="'2' || id", payload="jsonb_build_object('user_id', id)", table="betting.users"
            ),
        ],
        # Eight calculators over the same week, of which each costs milliseconds whatever was bet.
        aim=2.8,
    )
    yield Task(
        f"{size:,} posts expire",
        CONTENT_EXPIRATION,
        SUNDAY,
        [
            "INSERT INTO betting.posts (id, user_id, created_at) SELECT md5('p' || n)::uuid, md5('u' || n % 1000)::uuid, "
            f"'2026-03-05Z'::timestamptz + n % 3600 * interval '1 second' FROM generate_series(1, {size}) AS g (n)"
        ],
        (),
        [f"UPDATE betting.posts SET deleted_at = '{SUNDAY}', deleted_reason = 'expired'"],
    )
    yield Task(
        f"{size // 5:,} bankrolls are reset",
        BANKROLL_RESET,
        MONDAY,
        [*_users(size // 5, balance=120_000), _opened(begin)],
        [
            "SELECT k.user_id, k.balance, u.referral_count, u.created_at FROM betting.bankrolls AS k "
            "INNER JOIN betting.users AS u ON k.user_id = u.id",
            "SELECT entry_id, user_id, kind, amount, run_id, game_id, effective_at FROM betting.bankroll_ledger",
        ],
        [
            "INSERT INTO betting.bankroll_weekly_history SELECT user_id, '2026-03-02', 120000, 120000, 0, 0, 0, "
            "0, 0, 0, NULL, 'bench' FROM betting.bankrolls",
            "INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, week_start, effective_at, "
            "run_id) SELECT user_id, 'weekly_reset', -20000, 100000, '2026-03-09', '2026-03-09Z', 'bench' "
            "FROM betting.bankrolls",
            "UPDATE betting.bankrolls SET balance = 100000, weekly_reset_at = '2026-03-09Z', reset_count = 1",
            "INSERT INTO betting.notifications (user_id, type, data, created_at, dedupe_key) SELECT user_id, "
            "'system', jsonb_build_object('week_start', '2026-03-09', 'closing_balance', 120000, 'new_balance', "
            "100000), now(), 'reset' FROM betting.bankrolls",
            EVENTS.format(
                key="user_id",
                payload="jsonb_build_object('user_id', user_id, 'week_start', '2026-03-09', 'closing_balance', "
                "120000, 'new_balance', 100000)",
                table="betting.bankrolls",
            ),
        ],
    )
