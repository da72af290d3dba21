"""A CPE's fault as one sentence: which device, which parameter, what the code means, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from cwmp.datamodel import ParameterFacts, model
from cwmp.datamodel.facets import refusal
from cwmp.desired.checking import did_you_mean
from cwmp.desired.outcome import MASK, Change
from cwmp.desired.procedure import CpeFault, ParameterFault
from cwmp.wire.messages import FAULT_TEXTS, Fault

_ADVICE = {
    9000: "the device's firmware does not know this method",
    9001: "the device gives no reason: look whether another manager or its own user interface owns it",
    9002: "the device failed inside: try again, or reboot it",
    9004: "the device has no room for it: set fewer parameters at once, or delete rows it can do without",
    9005: "the device has no such parameter or object",
    9006: "the device wants another type",
    9007: "the device does not accept this value",
    9008: "the device says it is read-only: take it out of what is to be set",
    9009: "the device refuses this notification setting",
}

_SHORTEST = 4
"""A secret shorter than this is cut out of a text by dropping the whole text."""

_LONGEST_SHOWN = 200
"""Characters of a value or of a device's own words in one sentence."""


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """The text without any of the secrets; "" where a very short one is in it.

    Some devices escape what they quote for XML once more than it takes.
    """
    shown = {form for secret in secrets if secret for form in (secret, escape(secret), escape(secret, False))}
    for secret in sorted(shown, key=len, reverse=True):
        if secret in text:
            if len(secret) < _SHORTEST:
                return ""
            text = text.replace(secret, MASK)
    return text


def described(fault: Fault, secrets: Iterable[str] = ()) -> str:
    """Code, its meaning and the device's own words: ``9007 Invalid parameter value, "too small"``."""
    meaning = FAULT_TEXTS.get(fault.code, "vendor fault" if 9800 <= fault.code <= 9899 else "fault")
    own = " ".join(scrubbed(fault.message, secrets).split())
    if not own or own.lower() in (meaning.lower(), "cwmp fault"):
        return f"{fault.code} {meaning}"
    return f'{fault.code} {meaning}, "{own[:_LONGEST_SHOWN]}"'


def cannot_read(
    device: str, root: str, faults: Mapping[str, Fault], purpose: str, *, changes: tuple[Change, ...] = ()
) -> CpeFault:
    """Parameters that are wanted and cannot be read; nothing was written yet."""
    path, fault = next(iter(faults.items()))
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if fault.code in (9003, 9005):
        advice = did_you_mean(path, root) or "take it out, or read what the device has above it"
        text = f"{device} has no {path}{more}: {advice}"
    else:
        text = f"{device} does not let {path}{more} be read ({described(fault)})"
    parameters = tuple(ParameterFault(each, why.code, described(why)) for each, why in faults.items())
    return CpeFault(text, code=fault.code, purpose=purpose, parameters=parameters, changes=changes)


def set_refused(
    device: str,
    root: str,
    fault: Fault,
    values: Mapping[str, str],
    secrets: Mapping[str, str],
    *,
    changes: tuple[Change, ...] = (),
    afterwards: str = "",
) -> CpeFault:
    """A refused SetParameterValues. values: what was to be set, by path; secrets: those to be hidden."""
    hidden = secrets.values()
    sole = next(iter(values)) if len(values) == 1 else ""
    parts = [
        ParameterFault(
            each.parameter_name or sole, each.code, described(Fault(each.code, each.message), hidden)
        )
        for each in fault.set_parameter_values_faults
    ]
    if not parts and len(values) == 1:
        parts = [ParameterFault(path, fault.code, described(fault, hidden)) for path in values]
    if parts:
        first = parts[0]
        shown = ""
        if first.path in values and first.code in (9006, 9007):
            value = values[first.path]
            short = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}..."
            shown = f" = {MASK if first.path in secrets else repr(short)}"
        more = f" (and {len(parts) - 1} more)" if len(parts) > 1 else ""
        advice = _value_advice(first, root, values, hidden=first.path in secrets) or _ADVICE.get(
            first.code, ""
        )
        which = first.path or f"one of {len(values)} parameters, which it does not name"
        text = f"{device} refuses to set {which}{shown}{more} ({first.message})"
    else:
        advice = _ADVICE.get(fault.code, "the device does not say which parameter")
        text = f"{device} refuses to set {len(values)} parameters ({described(fault, hidden)})"
    text += f": {advice}" if advice else ""
    code = parts[0].code if parts and fault.code == 9003 and len(parts) == 1 else fault.code
    return CpeFault(text + afterwards, code=code, purpose="set", parameters=tuple(parts), changes=changes)


def refused(
    device: str,
    fault: Fault,
    what: str,
    path: str,
    purpose: str,
    *,
    changes: tuple[Change, ...] = (),
    afterwards: str = "",
) -> CpeFault:
    """Any other refused request; what: "add a row to", "delete" ..."""
    advice = _ADVICE.get(fault.code, "")
    text = f"{device} refuses to {what} {path} ({described(fault)}){': ' + advice if advice else ''}"
    part = ParameterFault(path, fault.code, described(fault))
    return CpeFault(text + afterwards, code=fault.code, purpose=purpose, parameters=(part,), changes=changes)


def _value_advice(part: ParameterFault, root: str, values: Mapping[str, str], *, hidden: bool) -> str:
    facts: ParameterFacts | None = model(root).parameter(part.path) if part.path.startswith(root) else None
    if part.code == 9005:
        return did_you_mean(part.path, root)
    if part.code not in (9003, 9007) or facts is None or hidden:
        return ""
    why = refusal(facts, values.get(part.path, ""))
    if why is not None:
        return f"by the standard {why}"
    if facts.enum:
        known = ", ".join(facts.enum[:8])
        return f"the standard knows {known}, this device perhaps not all"
    return ""
