"""XML from strangers: no document type, no entities, no network; one message for everything that is not well formed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from juqing.errors import FormatError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def parse_xml(data: bytes, what: str, path: Path | str | None) -> Element:
    """Parse XML bytes; `what` names the document in messages.

    Raises:
        FormatError: It declares a document type or an entity, or is not well formed.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        return fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise FormatError(
            f"{what} declares an XML document type or entity, which no screenplay program writes.",
            "It is refused, since entities can be used to attack; save the script again from its program.",
            path=path,
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        line = getattr(error, "position", (None,))[0]
        raise FormatError(
            f"{what} is not well-formed XML ({error}).", "Save the script again from its program.", path=path, line=line
        ) from None
    except RecursionError:
        raise FormatError(
            f"{what} is nested too deeply.", "Save the script again from its program.", path=path
        ) from None


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
