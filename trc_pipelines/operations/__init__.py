"""How jobs run and what is known about their runs: the contract, Dagster's side of it, the checks."""
