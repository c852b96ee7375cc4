"""What concerns a whole account is its owner's alone: nothing that is granted in a mailbox permits any of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from gatepost.model.errors import NotPermitted
from gatepost.model.mail import BlobId, EmailId, EmailUpdate, ObjectChanges, Script, States, ThreadId
from gatepost.model.search import Criterion, SortKey


class OwnersAlone:
    """These methods of `ports.mailstore.AccountMail` raise NotPermitted."""

    async def update_emails(self, updates: Sequence[EmailUpdate]) -> dict[EmailId, Exception | None]:
        refuse()

    async def destroy_emails(self, ids: Sequence[EmailId]) -> list[EmailId]:
        refuse()

    async def query(
        self, criterion: Criterion, sort: Sequence[SortKey], collapse_threads: bool = False, limit: int | None = None
    ) -> list[EmailId]:
        refuse()

    async def threads(self, ids: Sequence[ThreadId]) -> dict[ThreadId, tuple[EmailId, ...]]:
        refuse()

    async def save_upload(self, content: bytes) -> BlobId:
        refuse()

    async def states(self) -> States:
        refuse()

    async def email_changes(self, since: int, limit: int | None = None) -> ObjectChanges:
        refuse()

    async def mailbox_changes(self, since: int, limit: int | None = None) -> ObjectChanges:
        refuse()

    async def thread_changes(self, since: int, limit: int | None = None) -> ObjectChanges:
        refuse()

    async def scripts(self) -> tuple[Script, ...]:
        refuse()

    async def put_script(self, name: str, content: bytes) -> None:
        refuse()

    async def activate_script(self, name: str) -> None:
        refuse()

    async def delete_script(self, name: str) -> None:
        refuse()

    async def rename_script(self, name: str, new: str) -> None:
        refuse()


def refuse() -> NoReturn:
    """Raises NotPermitted."""
    raise NotPermitted("that is the owner's alone")
