"""A sound database is called sound, however long the connection that looks at it has been open."""

from __future__ import annotations

import random
from pathlib import Path

from gatepost.adapters.sqlite.checking import integrity
from gatepost.adapters.sqlite.connections import connect, prepare
from gatepost.adapters.sqlite.mailschema import migrations


def test_looked_at_while_the_index_of_text_grows(tmp_path: Path) -> None:
    """The index merges its pieces meanwhile; a connection that looked before still knows the old ones."""
    path, chance, number = tmp_path / "mail.db", random.Random(1), 0
    prepare(path, migrations(0.0))
    writer, reader = connect(path), connect(path, query_only=True)
    for batch in range(11):
        writer.execute("BEGIN")
        for number in range(number + 1, number + 41):
            text = " ".join(f"{chance.getrandbits(32):x}" for _ in range(300))
            writer.execute("INSERT INTO search_body (rowid, text) VALUES (?, ?)", (number, text))
        writer.execute("COMMIT")
        if batch % 5 == 0:
            assert integrity(reader) == []
    reader.close()
    writer.close()
