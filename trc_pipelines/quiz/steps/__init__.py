"""The tables of the quiz, a module each: read what is due, apply the rule, write, publish."""
