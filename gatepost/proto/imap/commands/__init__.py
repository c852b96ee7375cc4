"""Typed commands, one file a group: each has its values and the table from a command's name to its parser."""

from __future__ import annotations

from typing import TypeAlias

from gatepost.proto.imap.commands.access import DeleteAcl, GetAcl, ListRights, MyRights, SetAcl
from gatepost.proto.imap.commands.append import Append, Replace
from gatepost.proto.imap.commands.connection import (
    Authenticate,
    Capability,
    Compress,
    Enable,
    Id,
    Idle,
    Login,
    Logout,
    Noop,
    StartTls,
    Unauthenticate,
)
from gatepost.proto.imap.commands.fetch import Fetch
from gatepost.proto.imap.commands.mailboxes import (
    Create,
    Delete,
    GetQuota,
    GetQuotaRoot,
    List,
    Lsub,
    Namespace,
    Rename,
    Select,
    Status,
    Subscribe,
    Unsubscribe,
)
from gatepost.proto.imap.commands.messages import Check, Close, Copy, Expunge, Move, Store, Unselect
from gatepost.proto.imap.commands.metadata import GetMetadata, SetMetadata
from gatepost.proto.imap.commands.notify import Notify
from gatepost.proto.imap.commands.search import CancelUpdate, Search, Sort, Thread, Unsearchable

Command: TypeAlias = (
    Append | Authenticate | CancelUpdate | Capability | Check | Close | Compress | Copy | Create | Delete | DeleteAcl
    | Enable | Expunge | Fetch | GetAcl | GetMetadata | GetQuota | GetQuotaRoot | Id | Idle | List | ListRights
    | Login | Logout | Lsub | Move | MyRights | Namespace | Noop | Notify | Rename | Replace | Search | Select | SetAcl
    | SetMetadata | Sort | StartTls | Status | Store | Subscribe | Thread | Unauthenticate | Unsearchable | Unselect
    | Unsubscribe
)  # fmt: skip

__all__ = [
    "Append",
    "Authenticate",
    "CancelUpdate",
    "Capability",
    "Check",
    "Close",
    "Command",
    "Compress",
    "Copy",
    "Create",
    "Delete",
    "DeleteAcl",
    "Enable",
    "Expunge",
    "Fetch",
    "GetAcl",
    "GetMetadata",
    "GetQuota",
    "GetQuotaRoot",
    "Id",
    "Idle",
    "List",
    "ListRights",
    "Login",
    "Logout",
    "Lsub",
    "Move",
    "MyRights",
    "Namespace",
    "Noop",
    "Notify",
    "Rename",
    "Replace",
    "Search",
    "Select",
    "SetAcl",
    "SetMetadata",
    "Sort",
    "StartTls",
    "Status",
    "Store",
    "Subscribe",
    "Thread",
    "Unauthenticate",
    "Unsearchable",
    "Unselect",
    "Unsubscribe",
]
