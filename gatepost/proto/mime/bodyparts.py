"""Which parts are the body and which are attachments: RFC 8621 §4.1.4's suggested algorithm over our parts."""

from __future__ import annotations

import msgspec

from gatepost.model.message import Part

_SEEN_INLINE = ("image", "audio", "video")


class BodyParts(msgspec.Struct, frozen=True):
    """`text` and `html` are the parts to show in order for each preference, `attachments` the others."""

    text: tuple[Part, ...]
    html: tuple[Part, ...]
    attachments: tuple[Part, ...]


def body_parts(root: Part) -> BodyParts:
    """The lists of RFC 8621 §4.1.4: textBody, htmlBody, attachments."""
    html: list[Part] = []
    text: list[Part] = []
    attachments: list[Part] = []
    _collect((root,), "mixed", False, html, text, attachments)
    return BodyParts(tuple(text), tuple(html), tuple(attachments))


def has_attachment(root: Part) -> bool:
    """Whether an attachment is not inline (RFC 8621 §4.1.4 hasAttachment)."""
    if root.type != "multipart":
        return not _is_inline(root, 0, "mixed") and root.disposition != "inline"
    return any(part.disposition != "inline" for part in body_parts(root).attachments)


def _is_inline(part: Part, index: int, around: str) -> bool:
    if part.disposition == "attachment":
        return False
    seen = part.type in _SEEN_INLINE
    if not (seen or (part.type == "text" and part.subtype in ("plain", "html"))):
        return False
    # only the first part of a related is shown by itself; a later text with a name is an attachment
    return index == 0 or (around != "related" and (seen or not part.filename))


def _collect(
    parts: tuple[Part, ...],
    around: str,
    alternative: bool,
    html: list[Part] | None,
    text: list[Part] | None,
    attachments: list[Part],
) -> None:
    texts, htmls = len(text or ()), len(html or ())
    for index, part in enumerate(parts):
        if part.type == "multipart":
            _collect(part.parts, part.subtype, alternative or part.subtype == "alternative", html, text, attachments)
        elif not _is_inline(part, index, around):
            attachments.append(part)
        elif around == "alternative":
            kind = f"{part.type}/{part.subtype}"
            target = {"text/plain": text, "text/html": html}.get(kind, attachments)
            if target is not None:
                target.append(part)
        else:
            if alternative and part.type == "text":
                # within one alternative of several: it belongs to that preference only
                html, text = (None, text) if part.subtype == "plain" else (html, None)
            if text is not None:
                text.append(part)
            if html is not None:
                html.append(part)
            if (text is None or html is None) and part.type in _SEEN_INLINE:
                attachments.append(part)
    if around == "alternative" and text is not None and html is not None:
        if len(text) == texts and len(html) > htmls:
            text.extend(html[htmls:])
        elif len(html) == htmls and len(text) > texts:
            html.extend(text[texts:])
