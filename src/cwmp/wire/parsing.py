"""Bytes to an XML tree: strictly first, then once more with every tolerance for what devices do.

Nothing here trusts the bytes: no document type declaration in any encoding, hence no entities; nothing is
fetched; size, number and depth of elements are bounded before the tree is walked.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import Any

from lxml import etree

from cwmp.wire.errors import ForbiddenMarkup, LimitExceeded, MalformedEnvelope
from cwmp.wire.limits import Limits

_STRICT = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    remove_comments=True,
    remove_pis=True,
    huge_tree=False,
    collect_ids=False,
)
_RECOVERING = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    remove_comments=True,
    remove_pis=True,
    huge_tree=False,
    collect_ids=False,
    recover=True,
    encoding="utf-8",
)

# Every encoding below has ASCII's bytes for ASCII's characters and uses none of them for others (0x3C,
# `<`, above all), so that a search for markup in the bytes finds all there is. UTF-7 and EBCDIC do not.
_ASCII_LIKE = frozenset(
    codecs.lookup(name).name
    for name in (
        *("ascii", "utf-8", "koi8-r", "gb2312", "gbk", "gb18030", "big5", "euc-jp", "euc-kr", "tis-620"),
        *(f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)),
        *(f"cp{page}" for page in range(1250, 1259)),
    )
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_DECLARATION_BYTES = 256
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OPENINGS = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARATION = re.compile(r"<\?xml\b[^>]{0,400}>")
_DOCTYPE = re.compile(rb"<\s*!\s*(doctype|entity)", re.IGNORECASE)
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(#[0-9]{1,9};|#x[0-9A-Fa-f]{1,8};)?")
# A body cannot hold more tags than this without being made to fill memory: small elements cost the tree
# about thirty times their size.
_FREE_SIZE = 64 * 1024
_TAGS_PER_ENTRY = 16
_SMALLEST_TAG = 4
_MOST_REFERENCES = 100_000


def check_size(body: bytes, limits: Limits) -> None:
    """Raises `LimitExceeded` for a body too large, or with more tags than the largest list needs."""
    if len(body) > limits.body_bytes:
        raise LimitExceeded(f"the message has {len(body)} bytes, more than the {limits.body_bytes} allowed")
    if len(body) > _FREE_SIZE:
        allowed = limits.parameters * _TAGS_PER_ENTRY
        if len(body) // _SMALLEST_TAG > allowed and body.count(b"<") > allowed:
            raise LimitExceeded(f"the message has more than {allowed} tags")


def parse_strictly(body: bytes, limits: Limits) -> etree._Element | None:
    """The tree of a well-formed document, or None when the tolerant way must be tried.

    Raises `ForbiddenMarkup` and `LimitExceeded`.
    """
    if b"!" in body and b"<!DOCTYPE" in body:  # the first is far cheaper, and mostly enough
        raise _doctype()
    if body[:1] != b"<" or 0 in body[:4]:
        return None
    if body[:5] == b"<?xml" and not _ascii_like(body):
        return None
    try:
        root = etree.fromstring(body, _STRICT)
    except (etree.XMLSyntaxError, ValueError):
        return None
    _check_tree(root, limits)
    return root


def parse_tolerantly(body: bytes, limits: Limits) -> tuple[etree._Element, bytes]:
    """The tree of whatever can be read as XML with good will, and the UTF-8 it was read from.

    Raises `ForbiddenMarkup`, `LimitExceeded` and `MalformedEnvelope`.
    """
    text = _clean(_decode(body))
    mended = text.encode("utf-8").translate(None, _CONTROLS)
    if _DOCTYPE.search(mended):
        raise _doctype()
    try:
        root = etree.fromstring(mended, _RECOVERING)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise MalformedEnvelope("the message is not XML")
    _check_tree(root, limits)
    return root, mended


def _check_tree(root: etree._Element, limits: Limits) -> None:
    docinfo: Any = root.getroottree().docinfo  # the stubs do not know `doctype`
    if docinfo.doctype:
        raise _doctype()
    if _too_deep(limits.depth)(root):
        raise LimitExceeded(f"the message is nested deeper than {limits.depth} elements")


@lru_cache(maxsize=8)
def _too_deep(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


def _doctype() -> ForbiddenMarkup:
    return ForbiddenMarkup("the message has a document type declaration, which CWMP does not allow")


# --- good will -------------------------------------------------------------------------------------------


def _ascii_like(body: bytes) -> bool:
    end = body.find(b"?>", 0, _DECLARATION_BYTES)
    if end < 0:
        return False
    if b"encoding" not in body[:end]:
        return True
    found = _DECLARED.match(body)
    return found is not None and _codec(found) is not None


def _codec(found: re.Match[bytes]) -> str | None:
    try:
        name = codecs.lookup(found.group(1).decode("ascii")).name
    except LookupError:
        return None
    return name if name in _ASCII_LIKE else None


def _decode(body: bytes) -> str:
    """The text: by byte order mark or zero bytes, by the declaration, as UTF-8, as Latin-1."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    for opening, name in _OPENINGS:
        if body.startswith(opening):
            return body.decode(name, "replace")
    # A stray byte of the request before, or padding, must not decide how all the rest is read.
    body = body[max(body.find(b"<"), 0) :]
    if (end := body.rfind(b">")) > body.rfind(b"<"):
        body = body[: end + 1]
    found = _DECLARED.search(body[:400])
    for codec in (_codec(found) if found else None, "utf-8"):
        if codec is not None:
            try:
                return body.decode(codec)
            except UnicodeDecodeError:
                continue
    return body.decode("latin-1")


def _clean(text: str) -> str:
    """Without XML declaration, stray characters around the document, and bare `&`."""
    start, end = text.find("<"), text.rfind("<")
    if start < 0:
        raise MalformedEnvelope("the message is not XML")
    # What follows the last `>` is padding; an end tag cut short is left for the parser to mend.
    last = text.find(">", end)
    text = _DECLARATION.sub("", text[start : last + 1 if last >= 0 else len(text)], count=1)
    if text.count("&") > _MOST_REFERENCES:
        raise LimitExceeded(f"the message is not well-formed and has more than {_MOST_REFERENCES} references")
    return _REFERENCE.sub(_reference, text).replace("\ufffe", "").replace("\uffff", "").lstrip()


def _reference(found: re.Match[str]) -> str:
    number = found.group(1)
    if number is None:
        return "&amp;"
    code = int(number[2:-1], 16) if number[1] == "x" else int(number[1:-1])
    legal = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD
    return found.group() if legal or 0x10000 <= code <= 0x10FFFF else ""
