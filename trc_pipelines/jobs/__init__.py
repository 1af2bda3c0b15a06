"""What runs jobs: the contract, limits, events, checks, and Dagster's side of them."""
