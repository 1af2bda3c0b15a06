-- Staged tables end with their transaction: its session may be another's in the next.
DISCARD TEMP
