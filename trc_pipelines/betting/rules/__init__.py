"""The rules of the betting app: functions over frames, time passed in, no SQL and no I/O."""
