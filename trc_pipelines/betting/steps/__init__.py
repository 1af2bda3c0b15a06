"""The tables of the betting app, one module each: the step, and what only that step needs."""
