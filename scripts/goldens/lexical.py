"""Prints what lexicalrichness 0.5.1 says of the texts in lexical diversity's test, as JSON.

    pip install lexicalrichness==0.5.1 && python lexical.py < crates/nlp/tests/lexical_diversity.txt

A text a line; words are what stands between white space, in lower case.
"""

import json
import sys

from lexicalrichness import LexicalRichness

for line in sys.stdin:
    words = LexicalRichness(line, preprocessor=None, tokenizer=lambda text: text.lower().split())
    print(json.dumps({
        "words": words.words, "ttr": words.ttr, "root_ttr": words.rttr,
        "mattr": words.mattr(window_size=25), "mtld": words.mtld(threshold=0.72),
        "hdd": words.hdd(draws=42), "yules_k": float(words.yulek),
    }))
