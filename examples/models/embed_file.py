"""Embeds the lines of a file, keeps the vectors, and finds the line that is nearest to a question.

    python examples/models/embed_file.py models/all-MiniLM-L6-v2 lines.txt vectors.npy "Where is my parcel?"
"""

import sys
from pathlib import Path

import numpy

import botsmith as bs

_, path, lines_file, vectors_file, question = sys.argv
model = bs.Embedder(path)
lines = Path(lines_file).read_text(encoding="utf-8").splitlines()
vectors = model.embed(lines)
numpy.save(vectors_file, vectors)
small = model.embed_int8(lines)
print(f"{len(lines)} vectors of {model.width} dimensions: {vectors.nbytes} bytes, {small.values.nbytes + small.scales.nbytes} as int8")

# Models of questions and passages have a prompt for questions.
name = "query" if "query" in model.facts["prompts"] else None
nearest = (vectors @ model.embed(question, prompt_name=name)).argsort()[::-1][:3]
for number in nearest:
    print(f"  {lines[number]}")
