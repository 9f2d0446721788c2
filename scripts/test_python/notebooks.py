"""Runs the notebooks of examples/notebooks in a kernel, each in a folder of its own away from the checkout.

Fails where a cell raises, where a notebook takes longer than a minute, or where outputs are kept in the file. A notebook
whose metadata says that it needs the engine is left out, and said to be, where the build has none; else it is given the
tiny models of the tests. With `--strip` it takes the outputs out.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "notebooks"
#: Seconds that a notebook may take.
LIMIT = 60


def strip(path: Path) -> bool:
    """Takes the outputs out of a notebook, and says whether there were any."""
    notebook = nbformat.read(path, as_version=4)
    kept = False
    for cell in notebook.cells:
        if cell.cell_type == "code":
            kept = kept or bool(cell.outputs) or cell.execution_count is not None
            cell.outputs, cell.execution_count = [], None
    if kept:
        nbformat.write(notebook, path)
    return kept


def has_models(notebook: nbformat.NotebookNode, folder: Path) -> bool:
    """Whether the build has what a notebook needs; puts tiny models where it looks for them."""
    if notebook.metadata.get("botsmith", {}).get("needs") != "engine":
        return True
    import botsmith

    if not botsmith.has_engine():
        return False
    sys.path.insert(0, str(ROOT / "crates" / "py" / "tests"))
    from conftest import MODELS, put_decoder

    os.environ.setdefault("BOTSMITH_EXAMPLE_MODEL", str(put_decoder(folder / "decoder")))
    os.environ.setdefault("BOTSMITH_EXAMPLE_EMBEDDER", str(MODELS / "sentence"))
    os.environ.setdefault("BOTSMITH_EXAMPLE_NLI", str(MODELS / "bert"))
    return True


def run(path: Path) -> None:
    """Runs a notebook."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            sys.exit(f"{path}: outputs are kept in the file; run {sys.argv[0]} --strip")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as models:
        if not has_models(notebook, Path(models)):
            print(f"{path.name}: left out, it needs a build with the engine")
            return
        client = NotebookClient(
            notebook, timeout=LIMIT, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        client.execute()
    took = time.monotonic() - begun
    print(f"{path.name}: {took:.1f} s")
    if took > LIMIT:
        sys.exit(f"{path}: took {took:.0f} s, {LIMIT} s are allowed")


def main() -> None:
    """Runs all notebooks, or those named."""
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    paths = [Path(name) for name in names] or sorted(FOLDER.glob("*.ipynb"))
    if not paths:
        sys.exit(f"no notebooks in {FOLDER}")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    for path in paths:
        if "--strip" in sys.argv:
            strip(path)
        else:
            run(path)


if __name__ == "__main__":
    main()
