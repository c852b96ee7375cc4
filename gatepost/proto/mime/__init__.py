"""MIME as it is, not as it should be: an index of a message's octets, and lenient decoding of headers and bodies.

Never raises on any input. Never re-serialises. Offsets are into the octets given.
"""

from gatepost.proto.mime.addresses import MimeAddress, parse_addresses
from gatepost.proto.mime.body import decoded_body, enclosed_text, part_text, search_text, walk
from gatepost.proto.mime.dates import day_number, parse_date, parse_zoned_date, wall_clock
from gatepost.proto.mime.html import html_text
from gatepost.proto.mime.index import Reading, first_fields, header_fields, index_message, locate, read_message
from gatepost.proto.mime.words import decode_text

__all__ = [
    "MimeAddress",
    "Reading",
    "day_number",
    "decode_text",
    "decoded_body",
    "enclosed_text",
    "first_fields",
    "header_fields",
    "html_text",
    "index_message",
    "locate",
    "parse_addresses",
    "parse_date",
    "parse_zoned_date",
    "part_text",
    "read_message",
    "search_text",
    "walk",
    "wall_clock",
]
