"""The ladder: one file a rung, each a `Recognizer` that learns from labeled scripts."""
