"""Which worker runs what, and when: what shares a world runs together, what takes longest begins first.

Not by the marker of pytest-xdist 3.8: pytest 9.2 gave tests another id, and since then it is ignored.
"""

from xdist.scheduler import LoadScopeScheduling

from trc_pipelines_tests.progress import file_of

# A worker for all tests of a file: what they share takes up to a minute to set, or servers of its own.
TOGETHER = {
    "scenarios/test_hostile_input.py": "hostile",
    "scenarios/test_outages.py": "outages",
    "adapters/trc_membership_gateway/test_gateway.py": "gateway",
    "adapters/quizz_app/test_quizz_app.py": "quizz",
    "adapters/snapbet/test_snapbet.py": "snapbet",
    "faults/test_recoveries.py": "recoveries",
    "views/test_hostile_text.py": "text",
    # One world for all of it, and in the order of the pages.
    "cli/test_documents.py": "documents",
    "reports/test_figures.py": "figures",
    "reports/test_engagement.py": "engagement",
    "community/test_erasures.py": "erasures",
    "betting/test_media.py": "media",
    # Most of their tests begin where one of them has played: the other workers would wait for that.
    "monitoring/test_housekeeping.py": "housekeeping",
    "database/test_upgrades.py": "upgrades",
    "scenarios/test_dry_runs.py": "rehearsals",
    "jobs/test_orchestration.py": "orchestration",
    "community/test_days.py": "days",
    "community/test_late_awards.py": "late awards",
    "community/test_days_at_once.py": "days at once",
    # Each starts all services, some for a whole file: side by side they take each other's time.
    "scenarios/test_ui.py": "services",
    "faults/test_stopping.py": "services",
    "cli/test_services.py": "services",
    "launchers/test_worker.py": "services",
    "jobs/test_events.py": "quiet",
    "simulation/test_simulation.py": "quiet",
    "jobs/test_restores.py": "quiet",
    "scenarios/test_betting_state_machine.py": "machines",
    "scenarios/test_quiz_state_machine.py": "machines",
}
# Begun last, one of these would keep a worker busy while the others have nothing left to do.
LONGEST = [
    "scenarios/test_ui.py", "scenarios/test_hostile_input.py", "faults/test_stopping.py",
    "monitoring/test_housekeeping.py", "scenarios/test_outages.py", "database/test_upgrades.py",
    "community/test_days.py", "scenarios/test_ledger_state_machine.py", "faults/test_crashes.py",
    "adapters/trc_membership_gateway/test_gateway.py", "jobs/test_orchestration.py",
    "scenarios/test_dry_runs.py", "community/test_late_awards.py", "community/test_days_at_once.py",
    "cli/test_services.py", "test_isolation.py", "scenarios/test_operators_round.py", "quiz/test_model.py",
    "jobs/test_restores.py", "simulation/test_simulation.py", "jobs/test_events.py",
    "scenarios/test_betting_state_machine.py", "scenarios/test_quiz_state_machine.py",
    "launchers/test_worker.py", "cli/test_documents.py", "reports/test_figures.py",
    "betting/test_media.py", "community/test_erasures.py", "reports/test_engagement.py",
]  # fmt: skip


class Scheduling(LoadScopeScheduling):
    """Gives workers test after test, those of `TOGETHER` at once."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(file_of(nodeid), nodeid)


def when(nodeid: str) -> int:
    """Its turn, to sort by."""
    name = file_of(nodeid)
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)
