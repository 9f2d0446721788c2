"""F1 of the English model on a gold file -> the table between the marks in docs/src/language.md."""

import json
import pathlib
import subprocess
import sys

PAGE = pathlib.Path("docs/src/language.md")
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
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    new = before + BEGIN + table + END + after
    if check == "--check":
        sys.exit(0 if new == page else f"{PAGE} is out of date: scripts/nlp-accuracy {gold}")
    PAGE.write_text(new, encoding="utf-8")
    print(table, end="")


main()
