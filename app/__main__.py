"""The command line: serve, work, prefetch, deliver, keys, migrate, purge, verify-audit, export-audit, status,
doctor.

`python -m app <command>`.
"""

from __future__ import annotations

import argparse
import functools
import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from app.config import ConfigError, Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 1 found a problem, 2 wrong settings or usage."""
    parser = argparse.ArgumentParser(prog="python -m app", description="Chartside")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="migrate, then serve with gunicorn")
    work = commands.add_parser(
        "work",
        help="the jobs: nightly prefetch, what leaves for payers, purge",
        description="Runs until it is stopped. With an SQLite database `serve` starts one by itself; with PostgreSQL "
        "run one beside the web servers, or several.",
    )
    work.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)  # ends when its stdin does
    prefetch = commands.add_parser("prefetch", help="ask ahead about the patients of one day, now")
    prefetch.add_argument("--ehr", metavar="ID", required=True, help="an [[ehr]] entry that has prefetch")
    prefetch.add_argument("--day", metavar="YYYY-MM-DD", type=date.fromisoformat, help="else tomorrow at the clinic")
    keys = commands.add_parser("keys", help="make the sealing key and the client keys, where there are none")
    keys.add_argument("folder", type=Path)
    commands.add_parser("deliver", help="send what may leave for payers now, and ask what became of what was sent")
    commands.add_parser("migrate", help="bring the database to this version")
    commands.add_parser("purge", help="delete what is past its retention")
    commands.add_parser("verify-audit", help="check every audit chain")
    commands.add_parser("status", help="how every EHR and payer is doing, as the operator's page shows it")
    doctor = commands.add_parser(
        "doctor",
        help="check EHR and payer entries from outside, without a launch",
        description="Says of each entry what works, what degrades, what it means for users and what to ask the vendor "
        "for. Reads no patient, prints no secret. Without --ehr and --payer: every entry. Ends with 1 when something "
        "is broken.",
    )
    doctor.add_argument("--ehr", metavar="ID", help="one [[ehr]] entry")
    doctor.add_argument("--payer", metavar="ID", help="one [[payer]] entry")
    doctor.add_argument(
        "--issuer", metavar="URL", default="", help="with --ehr: the FHIR base, for an entry with issuer_pattern"
    )
    doctor.add_argument("--json", action="store_true", help="for a machine")
    from app import export_audit, import_codes

    export_audit.arguments(
        commands.add_parser("export-audit", help="the audit of some days as FHIR AuditEvents, one a line")
    )
    import_codes.arguments(commands.add_parser("import-codes", help="import a code list that the practice may use"))
    given = parser.parse_args(argv)
    try:
        if given.command == "keys":
            return _keys(given.folder)
        if given.command == "doctor":
            return _doctor(Settings.from_env(), given)
        if given.command == "work":
            return _work(Settings.from_env(), given)
        if given.command == "prefetch":
            return _prefetch(Settings.from_env(), given)
        if given.command == "export-audit":
            return _export_audit(Settings.from_env(), given)
        if given.command == "import-codes":
            return _import_codes(Settings.from_env(), given)
        return _COMMANDS[given.command](Settings.from_env())
    except ConfigError as e:
        print(f"chartside: {e}", file=sys.stderr)
        return 2


def _keys(folder: Path) -> int:
    """Make what a site needs to keep secret. Never overwrites: a lost sealing key is lost data."""
    from cryptography.fernet import Fernet

    from launch.keys import generate

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (client := folder / "client-keys.json").exists():
        generate(client)
    for name, secret in (("digest.key", secrets.token_hex()), ("sealing.keys", Fernet.generate_key().decode())):
        if not (path := folder / name).exists():
            path.touch(mode=0o600)
            path.write_text(secret + "\n", encoding="ascii")
    return 0


def _serve(settings: Settings) -> int:
    from app.serve import serve, working

    _migrate(settings)
    with working(settings):
        serve(settings)
    return 0


def _work(settings: Settings, given: argparse.Namespace) -> int:
    from app.jobs import Jobs, queue
    from app.night import create_night
    from app.serve import after_parent, log_to_stderr

    log_to_stderr(settings)
    night = create_night(settings)
    try:
        jobs = Jobs(queue(settings.database, settings.jobs), night.store, night.prefetching, night.leaving)
        jobs.run(after_parent if given.with_parent else lambda _: None)
    finally:
        night.close()
    return 0


def _deliver(settings: Settings) -> int:
    """By hand, what the jobs do each minute. 1 where something waits for a person."""
    from app.night import create_night
    from app.serve import log_to_stderr

    log_to_stderr(settings)
    night = create_night(settings)
    try:
        counts = night.leaving.once()
    finally:
        night.close()
    print(", ".join(f"{what}: {number}" for what, number in sorted(counts.items())) or "nothing to do")
    return 1 if counts["dead"] else 0


def _prefetch(settings: Settings, given: argparse.Namespace) -> int:
    from app import now
    from app.night import create_prefetching
    from app.serve import log_to_stderr

    log_to_stderr(settings)
    prefetching, _, close = create_prefetching(settings)
    try:
        entry = prefetching.entries.get(given.ehr)
        if entry is None:
            raise ConfigError(f"no [[ehr]] entry {given.ehr!r} has prefetch and one issuer")
        day = given.day or now().astimezone(entry.zone).date() + timedelta(days=1)
        left = prefetching.work(prefetching.begin(given.ehr, day))
        print(f"{given.ehr} {day}: {left.done} done, {left.undone} left")
        return 1 if left.undone else 0
    except KeyboardInterrupt:
        prefetching.stopping.set()
        return 1
    finally:
        close()


def _migrate(settings: Settings) -> int:
    from app import open_store
    from app.store.migrations import migrate

    migrate(open_store(settings).engine)
    return 0


def _import_codes(settings: Settings, given: argparse.Namespace) -> int:
    from app import open_store
    from app.import_codes import ImportCodes

    complain = functools.partial(print, file=sys.stderr)
    return ImportCodes(open_store(settings), print, complain).run(given)


def _purge(settings: Settings) -> int:
    from app import open_store
    from app.store.purge import purge

    store = open_store(settings)
    with store.begin() as tx:
        for table, rows in purge(tx).items():
            print(f"{table}: {rows}")
    return 0


def _verify_audit(settings: Settings) -> int:
    from app import open_store
    from app.store import audit

    store = open_store(settings)
    with store.read() as tx:
        problems = audit.verify(tx)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else "every audit chain is whole")
    return 1 if problems else 0


def _export_audit(settings: Settings, given: argparse.Namespace) -> int:
    from zoneinfo import ZoneInfo

    from app import export_audit, open_store

    zone, complain = ZoneInfo(settings.timezone), functools.partial(print, file=sys.stderr)
    return export_audit.run(open_store(settings), zone, settings.public_url, given, print, complain)


def _status(settings: Settings) -> int:
    from zoneinfo import ZoneInfo

    from app import now, open_store
    from app.entries import ehr_entries, listed, payer_entries
    from app.health import site
    from app.web.present.operator import as_text, site_view

    sources = listed(ehr_entries(settings), payer_entries(settings))
    print(as_text(site_view(sources, site(open_store(settings)), now().astimezone(ZoneInfo(settings.timezone)))))
    return 0


def _doctor(settings: Settings, given: argparse.Namespace) -> int:
    from app.doctor.examine import Doctor, ForeignIssuer, NoSuchEntry, secrets_of
    from app.doctor.report import Hidden, as_json, as_text

    hidden = Hidden(secrets_of(settings))
    try:
        found = Doctor(settings).examine(hidden, ehr=given.ehr, payer=given.payer, issuer=given.issuer)
    except (NoSuchEntry, ForeignIssuer) as e:
        raise ConfigError(str(e)) from e
    print(as_json(found) if given.json else as_text(found))
    return 1 if any(one.broken() for one in found) else 0


_COMMANDS: dict[str, Callable[[Settings], int]] = {
    "serve": _serve,
    "deliver": _deliver,
    "migrate": _migrate,
    "purge": _purge,
    "verify-audit": _verify_audit,
    "status": _status,
}

if __name__ == "__main__":
    sys.exit(main())
