"""What must always be true of the quiz's tables. Each sentence has its SQL in `sql/quiz`."""

from trc_pipelines.jobs.checks import HOURLY, Check
from trc_pipelines.leaderboards.checks import archive_check

CHECKS = [
    Check(
        "quiz.life_regenerations",
        "every_deadline_can_be_met",
        "No lost life waits for a deadline at the end of all times.",
        every=HOURLY,
    ),
    Check(
        "quiz.streak_evaluations",
        "every_streak_has_a_last_quiz",
        "Of every streak it is known when it was last kept up; others are left alone.",
        every=HOURLY,
    ),
    Check(
        "quiz.streak_evaluations",
        "evaluated_days_count_their_outcomes",
        "Every day that was judged has as many protected and broken streaks as it was closed with.",
    ),
    Check(
        "quiz.quiz_sessions",
        "expired_sessions_have_an_end",
        "Every session that expired ended, and not before its deadline.",
        every=HOURLY,
    ),
    Check(
        "quiz.leaderboard_rankings",
        "ranks_are_a_permutation",
        "Ranks are 1, 2, 3 … without gap, follow the scores, then who earned last, then the id.",
    ),
    Check(
        "quiz.leaderboard_archive",
        "archived_scores_match_the_events",
        "The archive of a period closed in the last weeks is the XP there was then, and that is still there.",
    ),
    archive_check("quiz"),
]
