"""Sieve (RFC 5228): scripts compiled and checked once, run within limits over one message, giving actions to be taken.

Pure: what a script may ask about the world is handed in as MessageView; what it decides is an Outcome.
"""

from gatepost.proto.sieve.compiler import Program, compile_script
from gatepost.proto.sieve.limits import Limits, RunError
from gatepost.proto.sieve.message import MessageView, StoredMessage, Surroundings
from gatepost.proto.sieve.outcome import Action, Discard, FileInto, Keep, Outcome, Redirect, Reject
from gatepost.proto.sieve.words import EXTENSIONS

__all__ = [
    "EXTENSIONS",
    "Action",
    "Discard",
    "FileInto",
    "Keep",
    "Limits",
    "MessageView",
    "Outcome",
    "Program",
    "Redirect",
    "Reject",
    "RunError",
    "StoredMessage",
    "Surroundings",
    "compile_script",
]
