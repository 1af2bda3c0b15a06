"""The rules of the betting app: pure functions over frames, with time passed in."""
