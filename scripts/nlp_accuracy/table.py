"""F1 of the English model on a gold file -> the table between the marks of the book's page and the model card."""

import json
import pathlib
import subprocess
import sys

PAGES = [pathlib.Path("docs/src/language.md"), pathlib.Path("crates/nlp/models/README.md")]
BEGIN, END = "<!-- accuracy: scripts/nlp-accuracy -->\n", "<!-- end of accuracy -->\n"
COLUMNS = ["Tokens", "Sentences", "Words", "UPOS", "XPOS", "UFeats", "AllTags", "Lemmas"]


def row(binary, gold, mode):
    """One row: given tokens say nothing of tokens, sentences and words."""
    run = subprocess.run(
        [binary, "nlp", "evaluate", "--gold", gold, mode, "--json"], check=True, capture_output=True, text=True
    )
    scores = json.loads(run.stdout)
    given = COLUMNS[:3] if mode == "--gold-tokens" else []
    cells = ["" if name in given else f"{scores[name]['f1']:.2f}" for name in COLUMNS]
    return f"| `{mode}` | " + " | ".join(cells) + " |\n"


def main():
    binary, gold, check = sys.argv[1:4]
    table = "| | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1) + "\n"
    table += row(binary, gold, "--gold-tokens") + row(binary, gold, "--raw")
    stale = []
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        _, after = rest.split(END)
        new = before + BEGIN + table + END + after
        if new != page:
            stale.append(str(path))
        if check != "--check":
            path.write_text(new, encoding="utf-8")
    if check == "--check":
        sys.exit(f"out of date: {', '.join(stale)}: scripts/nlp-accuracy {gold}" if stale else 0)
    print(table, end="")


main()
