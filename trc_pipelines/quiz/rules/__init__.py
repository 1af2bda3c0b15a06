"""The rules of the quiz: pure functions over frames."""
