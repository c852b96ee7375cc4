"""Uploads and downloads (RFC 8620 §6)."""

from __future__ import annotations

import re
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatepost.model.account import Account
from gatepost.model.errors import OverQuota, Temporary
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.jmap.blobs import BlobRef
from gatepost.services.jmap.blobs import NotThere, read_blob_id
from gatepost.services.jmap.body import TooLarge, TooSlow, read_body
from gatepost.services.jmap.options import JmapOptions
from gatepost.services.jmap.problems import not_found, over_limit, problem, unavailable

_TYPE = re.compile(
    r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}(?:; ?charset=[A-Za-z0-9_.:-]{1,40})?", re.ASCII
)
_OPAQUE = "application/octet-stream"


async def upload(request: Request, account: Account, mail: AccountMail, options: JmapOptions) -> Response:
    """RFC 8620 §6.1."""
    if request.path_params["account"] != account.id:
        return not_found()
    try:
        content = await read_body(request, options.max_upload, float(options.body_timeout))
        blob = await mail.save_upload(content)
    except TooLarge:
        return over_limit("maxSizeUpload", f"At most {options.max_upload} octets in a file.", 413)
    except TooSlow:
        return problem(408, "The file did not come in time.")
    except OverQuota:
        return problem(413, "There is no room for this file.")
    except Temporary:
        return unavailable()
    made = {
        "accountId": account.id,
        "blobId": str(BlobRef(blob)),
        "type": _media_type(request.headers.get("content-type")),
        "size": len(content),
    }
    return Response(msgspec.json.encode(made), 201, media_type="application/json")


async def download(request: Request, account: Account, mail: AccountMail) -> Response:
    """RFC 8620 §6.2. What is downloaded came by mail: it is never shown in a page of ours, nor guessed to be HTML."""
    if request.path_params["account"] != account.id:
        return not_found()
    try:
        content = await read_blob_id(mail, request.path_params["blob"])
    except NotThere:
        return not_found()
    except Temporary:
        return unavailable()
    headers = {
        "Content-Disposition": disposition(request.path_params["name"]),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, immutable, max-age=31536000",
    }
    response = Response(content, headers=headers)
    response.headers["Content-Type"] = _media_type(request.query_params.get("accept"))
    return response


def _media_type(text: str | None) -> str:
    return text if text and _TYPE.fullmatch(text) else _OPAQUE


def disposition(name: str) -> str:
    """`attachment` with the file's name (RFC 6266 §4); control characters and quotes are left out."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\;%' else "_" for c in name[:200])
    encoded = quote(name[:200].encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
