"""Keyed hashes in place of accounts, devices and addresses."""

from __future__ import annotations

import datetime as dt
import json
import stat
from pathlib import Path

import pandas as pd
import pytest

from audit.cli.main import run
from audit.pipeline.run import run_round
from audit.pseudonyms import MARK, Keyring, load_keys
from detectors.errors import ConfigError, ExitCode
from tests.audit.rounds import ITEMS, answers, responses_csv, settings_of, small_round, tools

NOW = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
ACCOUNT, DEVICE = "acc-canari@mail.vn", "dev-0912345678"


def ring(path: Path) -> Keyring:
    found = load_keys(path, NOW)
    assert found is not None
    return found


def test_the_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    key_id = ring(path).of_round("r").key_id
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ring(path).of_round("r").key_id == key_id
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="read by others"):
        load_keys(path, NOW)
    path.chmod(0o600)
    path.write_text("{}", "utf-8")
    with pytest.raises(ConfigError, match="no keys"):
        load_keys(path, NOW)


def test_a_hash_is_found_again_only_with_its_key(tmp_path: Path) -> None:
    one, other = (ring(tmp_path / name).of_round("r") for name in "ab")
    assert one.of("account", ACCOUNT) == one.of("account", f" {ACCOUNT} ")
    assert one.of("account", ACCOUNT) != other.of("account", ACCOUNT)
    assert one.of("account", ACCOUNT) != one.of("device", ACCOUNT)
    assert one.of("ip", "203.0.113.7") == one.of("ip", "203.0.113.99")
    assert one.of("ip", "203.0.113.7") != one.of("ip", "203.0.114.7")
    assert one.of("ip", "203.0.113.7") == one.of("ip", "203.0.113.0/24")
    assert one.of("phone", "+84 912 345 678") == one.of("phone", "0912345678")
    assert str(one).find(json.loads((tmp_path / "a").read_text())["keys"][one.key_id]["key"]) < 0


def test_a_new_key_is_for_rounds_to_come(tmp_path: Path) -> None:
    keys = ring(tmp_path / "k")
    old = keys.of_round("first")
    new_id = keys.rotate(NOW)
    again = ring(tmp_path / "k")
    assert again.of_round("first").of("device", "x") == old.of("device", "x")
    assert again.of_round("second").key_id == new_id != old.key_id
    assert again.forget("first", NOW) == old.key_id
    assert old.key_id not in (tmp_path / "k").read_text("utf-8")


def test_no_account_device_or_address_is_stored_told_or_exported(tmp_path: Path) -> None:
    config = small_round(tmp_path / "r")
    rows = answers(1, 40, "u1") + answers(2, 40, "u2")
    for place, row in enumerate(rows):
        at = dt.datetime(2026, 8, 3, 8, tzinfo=dt.UTC) + dt.timedelta(minutes=37 * place)
        row |= {"account": f"a{place}", "device": f"d{place}", "ip": f"198.51.{place}.7"}
        row["submitted_at"] = at.isoformat()
    for place, row in enumerate(rows[:12]):
        at = dt.datetime(2026, 8, 3, 8, tzinfo=dt.UTC) + dt.timedelta(seconds=61 * place)
        row |= dict.fromkeys(ITEMS, 5)
        row |= {"account": ACCOUNT, "device": DEVICE, "ip": "203.0.113.77"}
        row["submitted_at"] = at.isoformat()
    (tmp_path / "r/inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    settings = settings_of(config)
    run_round(settings, tools())
    held = json.dumps(_findings(config, tmp_path), ensure_ascii=False)
    for path in (tmp_path / "r").rglob("*"):
        if path.is_file() and not {"inbox", "originals"} & set(
            path.relative_to(tmp_path / "r").parts
        ):
            data = path.read_bytes()
            for canary in (ACCOUNT, DEVICE, "acc-cana", "dev-0912", "203.0.113"):
                assert canary.encode() not in data, path
                assert canary not in held
    from audit.store import open_store
    from audit.store.evidence import Findings

    with open_store(settings.store_url) as store, store.reading() as connection:
        found = [
            f["evidence"]["source"]
            for f in Findings(connection, settings.round.id).open()
            if "source" in f["evidence"]
        ]
    assert found
    assert all(source.startswith(MARK) for source in found)
    assert run(["rotate-keys", "-c", str(config)]) == ExitCode.DONE
    with open_store(settings.store_url) as store, store.reading() as connection:
        again = [
            f["evidence"]["source"]
            for f in Findings(connection, settings.round.id).open()
            if "source" in f["evidence"]
        ]
    assert again == found


def _findings(config: Path, folder: Path) -> list[dict[str, object]]:
    path = folder / "f.json"
    assert run(["export", "findings", "-c", str(config), "-o", str(path)]) == ExitCode.DONE
    return list(pd.read_json(path).to_dict("records"))
