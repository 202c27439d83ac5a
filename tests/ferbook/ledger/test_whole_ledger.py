"""The whole ledger: all claims beside all runs."""

import shutil

from ferbook.ledger.ledger import open_ledger
from ferbook.runs.paths import repository_root
from ferbook.site.reports import status


def test_a_damaged_record_is_named_and_the_others_go_on(tmp_path):
    root = repository_root()
    for name in ("claims", "runs"):
        shutil.copytree(root / "book" / name, tmp_path / "book" / name)
    broken = next((tmp_path / "book" / "runs" / "ramn").rglob("small-*.npz"))
    broken.write_bytes(b"")
    ledger = open_ledger(tmp_path)
    assert len(ledger.judgements) == len(open_ledger(root).judgements)
    # Others may lack a measure that came after them.
    (told,) = (line for line in ledger.left_out_text() if broken.name in line)
    assert "SHA-256" in told
    assert broken.stem in repr(status(ledger))
