"""One module per table that is written: read, apply the rule, write, report."""
