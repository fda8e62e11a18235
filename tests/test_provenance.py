"""Where a result comes from."""

from __future__ import annotations

import subprocess

from bench import provenance


def test_the_commit_is_this_checkouts_and_no_other_projects(tmp_path, monkeypatch):
    """An environment may lie in the checkout of whatever it was made for."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "theirs"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "bench" / "provenance.py"))
    assert provenance.commit.__wrapped__() == (head, None)
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / ".venv" / "bench" / "provenance.py"))
    assert provenance.commit.__wrapped__() == (None, None)
