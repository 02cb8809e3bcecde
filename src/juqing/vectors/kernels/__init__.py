"""Compiled loops: arrays in, arrays out or changed in place. Each is a plain function, compiled at the end of its file."""
