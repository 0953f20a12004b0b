"""Who may import whom (README, Map). Walks the syntax trees; the folder rules are the architecture."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"app", "launch", "sandbox_config", "tests"}

#: module prefix -> the prefixes of ours that it may import. The longest matching prefix decides.
MAY_IMPORT: dict[str, set[str]] = {
    "app": {"app", "launch"},  # the composition root (app/__init__.py) and __main__ see all
    "app.config": set(),
    "app.errors": set(),
    "app.serve": {"app"},
    "app.entries": {"app.config", "app.core", "app.sources", "app.health", "launch"},
    "app.core": {"app.core"},
    "app.sources": {"app.sources", "app.core"},
    "app.sources.code_lists": {"app.core"},
    "app.store": {"app.store", "app.core"},
    "app.gather": {"app.gather", "app.sources", "app.store", "app.core"},
    "app.codes": {"app.store", "app.core"},
    "app.import_codes": {"app.codes", "app.sources.code_lists", "app.store", "app.core"},
    "app.export_audit": {"app.store", "app.core"},
    "app.health": {"app.store", "app.core"},
    "app.doctor": {"app.doctor", "app.sources", "app.core", "app.config", "app.entries", "launch"},
    "app.actions": {"app.actions", "app.store", "app.core", "app.errors"},
    "app.deliver": {"app.deliver", "app.sources", "app.store", "app.core"},
    "app.remember": {"app.store", "app.core"},
    "app.huddle": {"app.huddle", "app.gather", "app.store", "app.core"},
    "app.ahead": {"app.gather", "app.huddle", "app.store", "app.core"},
    "app.prefetch": {"app.prefetch", "app.gather", "app.store", "app.core"},
    "app.jobs": {"app.jobs", "app.prefetch", "app.deliver", "app.store", "app.core", "app.config"},
    "app.web": {
        "app.web",
        "app.gather",
        "app.actions",
        "app.deliver",
        "app.remember",
        "app.huddle",
        "app.ahead",
        "app.health",
        "app.core",
        "app.errors",
        "launch",
    },
    "launch": {"launch"},
    "sandbox_config": {"sandbox_config"},
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in ("app", "launch", "sandbox_config"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(module: str, path: Path) -> Iterator[str]:
    """Every module that `path` imports, as `package.module`; `from x import y` counts as x.y."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            origin = ".".join(filter(None, [base if node.level else "", node.module or ""]))
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def rule_for(module: str) -> set[str]:
    return MAY_IMPORT[max((p for p in MAY_IMPORT if module == p or module.startswith(p + ".")), key=len)]


@pytest.mark.parametrize(("module", "path"), list(modules()), ids=lambda v: v if isinstance(v, str) else "")
def test_a_module_imports_only_what_its_room_may(module: str, path: Path) -> None:
    allowed = rule_for(module)
    for name in imports(module, path):
        if name.split(".")[0] in OURS:
            assert any(name == a or name.startswith(a + ".") for a in allowed), f"{module} imports {name}"


def test_core_uses_the_standard_library_only() -> None:
    for module, path in modules():
        if module.startswith("app.core"):
            foreign = {n.split(".")[0] for n in imports(module, path)} - set(sys.stdlib_module_names) - {"app"}
            assert not foreign, f"{module} imports {foreign}"


def test_importing_the_core_loads_nothing_heavy() -> None:
    heavy = "{'flask', 'fhirclient', 'authlib', 'sqlalchemy', 'requests'}"
    code = f"import sys, app.core.panel; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_config_reads_the_environment() -> None:
    for module, path in modules():
        if module.startswith(("app", "launch")) and module != "app.config":
            assert "os.environ" not in path.read_text(encoding="utf-8"), module
            assert "os.getenv" not in path.read_text(encoding="utf-8"), module
