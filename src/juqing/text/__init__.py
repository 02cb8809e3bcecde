"""Strings to numbers: names in a text, the text of a cue, character n-grams."""
