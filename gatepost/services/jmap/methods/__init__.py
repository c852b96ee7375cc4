"""The methods, one line each: name, capability, function. What the session announces is computed from this table."""

from __future__ import annotations

import msgspec

from gatepost.services.jmap.call import Method
from gatepost.services.jmap.methods import (
    core,
    email_changes,
    email_get,
    email_import,
    email_parse,
    email_query,
    email_set,
    identity,
    mailbox_get,
    mailbox_query,
    mailbox_set,
    quota,
    snippet,
    submission,
    thread,
)

CORE = "urn:ietf:params:jmap:core"
MAIL = "urn:ietf:params:jmap:mail"
SUBMISSION = "urn:ietf:params:jmap:submission"
QUOTA = "urn:ietf:params:jmap:quota"


class Entry(msgspec.Struct, frozen=True):
    """A method and the capability that a request must be using to call it (RFC 8620 §3.3)."""

    capability: str
    method: Method


METHODS: dict[str, Entry] = {
    "Core/echo": Entry(CORE, core.echo),
    "Blob/copy": Entry(CORE, core.copy_blobs),
    "Mailbox/get": Entry(MAIL, mailbox_get.get),
    "Mailbox/changes": Entry(MAIL, mailbox_get.changes),
    "Mailbox/query": Entry(MAIL, mailbox_query.query),
    "Mailbox/queryChanges": Entry(MAIL, mailbox_query.query_changes),
    "Mailbox/set": Entry(MAIL, mailbox_set.set_mailboxes),
    "Thread/get": Entry(MAIL, thread.get),
    "Thread/changes": Entry(MAIL, thread.changes),
    "Email/get": Entry(MAIL, email_get.get),
    "Email/changes": Entry(MAIL, email_changes.changes),
    "Email/query": Entry(MAIL, email_query.query),
    "Email/queryChanges": Entry(MAIL, email_query.query_changes),
    "Email/set": Entry(MAIL, email_set.set_emails),
    "Email/copy": Entry(MAIL, email_import.copy),
    "Email/import": Entry(MAIL, email_import.import_emails),
    "Email/parse": Entry(MAIL, email_parse.parse),
    "SearchSnippet/get": Entry(MAIL, snippet.get),
    "Identity/get": Entry(SUBMISSION, identity.get),
    "Identity/changes": Entry(SUBMISSION, identity.changes),
    "Identity/set": Entry(SUBMISSION, identity.set_identities),
    "EmailSubmission/get": Entry(SUBMISSION, submission.get),
    "EmailSubmission/changes": Entry(SUBMISSION, submission.changes),
    "EmailSubmission/query": Entry(SUBMISSION, submission.query),
    "EmailSubmission/queryChanges": Entry(SUBMISSION, submission.query_changes),
    "EmailSubmission/set": Entry(SUBMISSION, submission.set_submissions),
    "Quota/get": Entry(QUOTA, quota.get),
    "Quota/changes": Entry(QUOTA, quota.changes),
    "Quota/query": Entry(QUOTA, quota.query),
    "Quota/queryChanges": Entry(QUOTA, quota.query_changes),
}

CAPABILITIES: tuple[str, ...] = tuple(dict.fromkeys(entry.capability for entry in METHODS.values()))
"""Every capability that has a method here, core first."""
