"""What `make docs` does beside MkDocs itself: formulas become MathML, links that leave docs/ become text.

Formulas are written in dollars, as GitHub shows them. Browsers draw MathML without a script, so that the site needs no network.
"""

from __future__ import annotations

import html
import posixpath
import re
from typing import Any

from latex2mathml.converter import convert

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!\w+:|#|/)([^)\s#]+)(?:#[^)]*)?\)")
_FORMULA = re.compile(r'<(span|div) class="arithmatex">(?:\\\(|\\\[)(.*?)(?:\\\)|\\\])</\1>', re.DOTALL)


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Links to files of the repository that are no pages keep their text alone."""

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), found[2]))
        return found[1] if target.startswith("../") else found[0]

    return _LINK.sub(link, markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Formulas as MathML."""

    def formula(found: re.Match[str]) -> str:
        return convert(html.unescape(found[2]).strip(), display="inline" if found[1] == "span" else "block")

    return _FORMULA.sub(formula, content)
