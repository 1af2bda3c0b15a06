"""Details of a bet are JSON that an app has written: whatever it is, it stops no other bet."""

import json

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from trc_pipelines.betting import jobs
from trc_pipelines_tests.betting.conftest import Betting
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.hostile import NAMED, STORABLE, assert_one_line, named
from trc_pipelines_tests.world import NOON

# What jsonb stores: no NUL, no half of a pair.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
TEXTS = TEXT | st.sampled_from([named(text) for text in STORABLE.values()])
LEAF = (
    st.none() | st.booleans() | TEXTS | st.sampled_from(["Hawks", " owls", "over", "UNDER "])
    | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["1.5", "-0", "1e400", "9" * 500, "١٢", "+1.25", "0x1F", "NaN", "Infinity"])
)  # fmt: skip
JSON = st.recursive(
    LEAF, lambda of: st.lists(of, max_size=3) | st.dictionaries(TEXTS, of), max_leaves=6
)
KEYS = st.sampled_from(["team", "line", "total_type"]) | TEXTS
DETAILS = st.dictionaries(KEYS, JSON, max_size=5) | JSON
BETS = st.lists(
    st.tuples(st.sampled_from(["moneyline", "spread", "total", named("=x\n")]), DETAILS),
    min_size=20, max_size=40,
)  # fmt: skip


@given(bets=BETS)
# To cut down what fails takes minutes, each try being a settlement.
@settings(
    max_examples=examples(3),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_details_of_any_shape_are_graded_or_left_with_a_reason_and_stop_no_other_bet(
    betting: Betting, bets: list[tuple]
) -> None:
    # Each example a game of its own: what was settled stays so.
    number = len(betting.rows("SELECT 1 FROM betting.games"))
    game, first = f"g{number}", number * 1000
    betting.join(first + 999)
    betting.game(game, 3, 1)
    betting.bet(first + 999, first + 999, game)
    betting.write(
        bets=[
            {
                "id": first + place, "user_id": first + 999, "game_id": game, "bet_type": kind,
                "bet_details": json.dumps(details), "stake": 100, "odds": 100,
                "created_at": NOON.replace(hour=6),
            }
            for place, (kind, details) in enumerate(bets)
        ]
    )  # fmt: skip
    result = betting.settle()
    assert result.success
    assert betting.results()[first + 999][0] == "won"
    assert_one_line(result.message)
    for job in (jobs.STATS_ROLLUP, jobs.BADGE_CALCULATION, jobs.MEDIA_CLEANUP):
        assert betting.do(job).success
    kept = dict(betting.rows("SELECT status, count(*) FROM betting.bets GROUP BY status"))
    assert kept.keys() <= {"won", "lost", "push", "pending"}
    told = betting.rows(
        "SELECT message, details::text FROM operations.job_executions "
        "UNION ALL SELECT dedupe_key, payload::text FROM operations.domain_events"
    )
    for text in [text for row in told for text in row]:
        assert_one_line(text)
        assert NAMED not in text
    assert set(betting.broken()) <= {"no_bet_is_stuck"}
