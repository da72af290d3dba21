"""Making SOAP safe to show: every secret replaced, and what cannot be understood withheld.

Only what was parsed and walked is shown again, never the bytes as they came.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from lxml import etree

from cwmp.datamodel import is_secret
from cwmp.desired.outcome import MASK

WITHHELD = "(withheld: this body could not be parsed, so secrets in it could not be masked)"

_HARMLESS_ATTRIBUTES = frozenset({"arrayType", "type", "mustUnderstand", "encodingStyle", "nil", "actor"})
_FAULT_TEXTS = frozenset({"faultstring", "FaultString"})
_SECRET_ELEMENTS = frozenset({"password"})
_USERINFO = re.compile(r"(://[^/@\s:]*:)[^/@\s]*@")
_SHORT = 6
"""A secret shorter than this is looked for in fault texts only: elsewhere it would mask ordinary words."""


def masked_bodies(bodies: Sequence[bytes | None], secret_paths: Collection[str]) -> list[str]:
    """The bodies of one session, masked together.

    A secret that was sent in one message is masked in all of them, because CPEs quote refused values in
    fault texts. secret_paths: paths to treat as secret besides those the data model hides. None (a body
    that was not kept) gives "", and then fault texts are withheld: what they may quote is not known.
    """
    trees = [None if not body else _parsed(body) for body in bodies]
    secrets: set[str] = set()
    for tree in trees:
        if tree is not None:
            _mask_values(tree, secret_paths, secrets)
    blind = any(
        tree is None and (body is None or body.strip()) for tree, body in zip(trees, bodies, strict=True)
    )
    shown: list[str] = []
    for tree, body in zip(trees, bodies, strict=True):
        if not body or not body.strip():
            shown.append("")
        elif tree is None:
            shown.append(WITHHELD)
        else:
            _mask_quotations(tree, secrets, blind=blind)
            shown.append(etree.tostring(tree, encoding="unicode"))
    return shown


def _parsed(body: bytes) -> etree._Element | None:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        recover=True,
        huge_tree=True,
    )
    try:
        tree = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    # `recover` is there for undeclared prefixes only; anything else may have moved names away from values.
    if tree is None or any("NS_" not in (error.type_name or "") for error in parser.error_log):
        return None
    if tree.getroottree().docinfo.internalDTD is not None or next(tree.iter(etree.Entity), None) is not None:
        return None
    return tree


def _local(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def _text(element: etree._Element) -> str:
    return "".join(str(text) for text in element.itertext())


def _mask_values(tree: etree._Element, secret_paths: Collection[str], secrets: set[str]) -> None:
    for element in tree.iter():
        local = _local(element)
        for name in element.attrib:
            if str(name).rpartition("}")[2] not in _HARMLESS_ATTRIBUTES:
                element.set(name, MASK)
        if local == "Value":
            if _holds_secret(element, secret_paths):
                _blank(element, secrets)
        elif local.lower() in _SECRET_ELEMENTS:
            _blank(element, secrets)
    # Text between elements means nothing in SOAP; last, because it may be part of a name above.
    for element in tree.iter():
        if element.tail and element.tail.strip():
            element.tail = MASK


def _holds_secret(value: etree._Element, secret_paths: Collection[str]) -> bool:
    parent = value.getparent()
    if parent is None:
        return True
    names = [_text(child).strip() for child in parent if _local(child) == "Name"]
    return not names or any(name in secret_paths or is_secret(name) for name in names)


def _blank(element: etree._Element, secrets: set[str]) -> None:
    text = _text(element)
    if not text:
        return
    secrets.add(text)
    if text.strip():
        secrets.add(text.strip())
    for child in list(element):
        element.remove(child)
    element.text = MASK


def _mask_quotations(tree: etree._Element, secrets: set[str], *, blind: bool) -> None:
    long = sorted(
        (secret for secret in secrets if len(secret) >= _SHORT and secret != MASK), key=len, reverse=True
    )
    every = sorted((secret for secret in secrets if secret != MASK), key=len, reverse=True)
    for element in tree.iter():
        text = element.text
        if not text or text == MASK:
            continue
        fault = _local(element) in _FAULT_TEXTS
        if fault and blind and "".join(text.split()).lower() != "cwmpfault":
            element.text = MASK
            continue
        for secret in every if fault else long:
            if secret in text:
                text = text.replace(secret, MASK)
        if "://" in text:
            text = _USERINFO.sub(rf"\1{MASK}@", text)
        element.text = text
