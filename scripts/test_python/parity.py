"""What Rust has for users and what Python calls it: fails where an item of Rust has no line in parity.txt,
where a line's item is gone, and where a Python name is not there.

An item is what a crate's lib.rs exports: its public modules, and the names that it re-exports; of the modules in
MODULES below also each public function, type, trait, constant and static of the module's own file, and its modules.
Run with --list to see all items with their Python names.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Where each crate's sources are. `botsmith` is the facade, whose modules are the other crates.
CRATES = {
    "botsmith": "src",
    **{name: f"crates/{name}/src" for name in ("core", "nlp", "nanobots", "flow", "eval")},
}
#: Modules whose items are listed one by one: people call these, not the module.
MODULES = {
    "botsmith": (),
    "core": ("chat", "engine", "score", "static_embeddings", "store"),
    "nlp": ("conllu", "chunks", "keyphrases", "language", "lexical_diversity", "readability", "render", "stages", "verbs"),
    "nanobots": ("session", "tools", "versions"),
    "flow": (),
    "eval": (
        "ask", "calibration", "dataset", "evaluators", "feedback", "hone", "metric", "metrics", "online", "promotion",
        "report", "run", "suite", "stats",
    ),
}
TABLE = Path(__file__).with_name("parity.txt")


def uncommented(text: str) -> str:
    """The text without comments and doc lines."""
    return re.sub(r"^\s*//.*$", "", text, flags=re.M)


def names_of_use(body: str) -> list[str]:
    """The names that a `pub use` gives."""
    inner = re.search(r"\{(.*)\}", body, re.S)
    parts = inner[1].split(",") if inner else [body.rsplit("::", 1)[-1]]
    names = [part.split(" as ")[-1].strip() for part in parts]
    return [name for name in names if name and name != "self"]


def items() -> set[str]:
    """All items, as `crate::module::Name`."""
    found: set[str] = set()
    for crate, folder in CRATES.items():
        source = ROOT / folder
        text = uncommented((source / "lib.rs").read_text())
        for match in re.finditer(r"^pub mod (\w+)", text, re.M):
            found.add(f"{crate}::{match[1]}")
        for match in re.finditer(r"^pub use ([^;]+);", text, re.M):
            found.update(f"{crate}::{name}" for name in names_of_use(match[1]))
        for module in MODULES[crate]:
            text = uncommented((source / f"{module}.rs").read_text())
            for match in re.finditer(r"^pub (?:(?:async |const |unsafe )*fn|struct|enum|trait|type|const|static) (\w+)", text, re.M):
                found.add(f"{crate}::{module}::{match[1]}")
            for match in re.finditer(r"^pub mod (\w+);", text, re.M):
                found.add(f"{crate}::{module}::{match[1]}")
            for match in re.finditer(r"^pub use ([^;]+);", text, re.M):
                found.update(f"{crate}::{module}::{name}" for name in names_of_use(match[1]))
    return found


def table() -> dict[str, str]:
    """Rust's item -> Python's name, or `-` and the reason why there is none."""
    rows: dict[str, str] = {}
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        item, equals, name = line.partition(" = ")
        if not equals or not name.strip():
            sys.exit(f"{TABLE.name}:{number}: `rust::item = python.name` or `rust::item = - why` is wanted")
        if item in rows:
            sys.exit(f"{TABLE.name}:{number}: `{item}` stands twice")
        rows[item] = name.strip()
    return rows


def there(name: str) -> bool:
    """Whether a Python name resolves, classes' attributes included."""
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:split]))
        except ImportError:
            continue
        for part in parts[split:]:
            # A field that is only declared, as those of data classes are, is no attribute of its class.
            if not hasattr(value, part):
                return part in getattr(value, "__annotations__", {})
            value = getattr(value, part)
        return True
    return False


def main() -> None:
    """Compares both sides."""
    known, rows = items(), table()
    if "--list" in sys.argv:
        for item in sorted(known):
            print(f"{item:40} {rows.get(item, '?')}")
        return
    wrong = [f"{item}: no line in {TABLE.name}: what is it in Python?" for item in sorted(known - set(rows))]
    wrong += [f"{item}: stands in {TABLE.name}, but Rust has it no more" for item in sorted(set(rows) - known)]
    for item, name in rows.items():
        if not name.startswith("-") and not there(f"botsmith.{name}"):
            wrong.append(f"{item}: botsmith.{name} is not there")
        if name.startswith("-") and len(name) < 8:
            wrong.append(f"{item}: says no reason")
    if wrong:
        sys.exit("\n".join(wrong))
    faces = sum(not name.startswith("-") for name in rows.values())
    print(f"{len(rows)} items, {faces} with a Python name, {len(rows) - faces} without for a reason")


if __name__ == "__main__":
    main()
