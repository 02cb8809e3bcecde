"""Static word vectors: one for each word, whatever its sentence."""

from juqing.vectors.table import WordVectors

__all__ = ["WordVectors"]
