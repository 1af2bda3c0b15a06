"""What all domains declare, by the names tests know it by."""

from trc_pipelines.domains import Catalogue, load_domains

CATALOGUE = Catalogue(load_domains())
CHECKS = CATALOGUE.checks
JOBS = CATALOGUE.jobs
JOBS_OF_ALL = CATALOGUE.run_all
STEPS = CATALOGUE.steps
CONDITIONS = CATALOGUE.conditions
HOUSEKEEPING = CATALOGUE.housekeeping
LEADERBOARD_RECALCULATION = CATALOGUE.board_jobs.recalculation
LEADERBOARD_WEEKLY_RESET = CATALOGUE.board_jobs.weekly_reset
LEADERBOARD_MONTHLY_RESET = CATALOGUE.board_jobs.monthly_reset
LEADERBOARD_CACHE = CATALOGUE.board_jobs.cache
