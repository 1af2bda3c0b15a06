"""The rules of the community: functions over frames, time passed in, no SQL and no I/O."""
