"""Trains spaCy and UDPipe 1 for some minutes on a treebank and times them beside botsmith.

Every system runs in a process of its own, on one thread, over the same raw text. CPU seconds are the
process's own (user and system), less those of the same process over a text of one word: what a
system needs to start is not counted as speed, but printed beside.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import time

WORDS = 1_000_000
WORK = pathlib.Path("target/bench-nlp")
BOTSMITH = "target/release/botsmith"

SPACY_CONFIG = """
[nlp]
lang = "xx"
pipeline = ["tok2vec","tagger","morphologizer","trainable_lemmatizer","senter"]
batch_size = 256
[components]
[components.tok2vec]
factory = "tok2vec"
[components.tok2vec.model]
@architectures = "spacy.Tok2Vec.v2"
[components.tok2vec.model.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = 96
attrs = ["NORM","PREFIX","SUFFIX","SHAPE"]
rows = [5000,1000,2500,2500]
include_static_vectors = false
[components.tok2vec.model.encode]
@architectures = "spacy.MaxoutWindowEncoder.v2"
width = 96
depth = 4
window_size = 1
maxout_pieces = 3
""" + "".join(
    f"""
[components.{name}]
factory = "{name}"
[components.{name}.model]
@architectures = "spacy.Tagger.v2"
[components.{name}.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = 96
"""
    for name in ["tagger", "morphologizer", "trainable_lemmatizer", "senter"]
) + """
[corpora]
[corpora.train]
@readers = "spacy.Corpus.v1"
path = "TRAIN"
[corpora.dev]
@readers = "spacy.Corpus.v1"
path = "DEV"
[training]
dev_corpus = "corpora.dev"
train_corpus = "corpora.train"
max_steps = 0
patience = 0
eval_frequency = 500
[training.optimizer]
@optimizers = "Adam.v1"
[training.batcher]
@batchers = "spacy.batch_by_words.v1"
size = 1000
tolerance = 0.2
"""


def repeated(text, words):
    """The text, again and again, to about so many words."""
    times = max(1, WORDS // max(1, words))
    return (text.rstrip("\n") + "\n\n") * times, words * times


def measure(name, command, path):
    """CPU seconds and peak memory (MiB) of a command that reads a file on stdin."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", RAYON_NUM_THREADS="1")
    with open(path, "rb") as stdin:
        process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{name} ended with {status}")
    del before
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def train_spacy(train, dev, seconds):
    import spacy
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train as loop
    from spacy.util import load_config_from_str

    folder = WORK / "spacy"
    if folder.exists():
        return folder
    data = WORK / "docbin"
    data.mkdir(parents=True, exist_ok=True)
    for path in [train, dev]:
        subprocess.run(
            [sys.executable, "-m", "spacy", "convert", path, data, "-n", "10", "--merge-subtokens"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    text = SPACY_CONFIG.replace("TRAIN", str(data / f"{train.stem}.spacy")).replace("DEV", str(data / f"{dev.stem}.spacy"))
    nlp = init_nlp(load_config_from_str(text))
    started = time.monotonic()

    class Enough(Exception):
        pass

    def logger(nlp, stdout=None, stderr=None):
        def step(info):
            if time.monotonic() - started > seconds:
                raise Enough

        return step, lambda: None

    spacy.registry.loggers.register("bench.v1", func=lambda: logger)
    nlp.config["training"]["logger"] = {"@loggers": "bench.v1"}
    try:
        loop(nlp, None)
    except Enough:
        pass
    nlp.to_disk(folder)
    return folder


def train_udpipe(train, dev, seconds):
    import ufal.udpipe as udpipe

    path = WORK / "udpipe.model"
    if path.exists():
        return path

    def sentences(file):
        reader = udpipe.InputFormat.newConlluInputFormat()
        reader.setText(file.read_text(encoding="utf-8"))
        result = udpipe.Sentences()
        error = udpipe.ProcessingError()
        while True:
            sentence = udpipe.Sentence()
            if not reader.nextSentence(sentence, error):
                return result
            result.push_back(sentence)

    # UDPipe cannot be stopped after a time; a pass of its tokenizer takes some ten seconds.
    passes = max(1, seconds // 2 // 12)
    error = udpipe.ProcessingError()
    model = udpipe.Trainer.train(
        "morphodita_parsito", sentences(train), sentences(dev),
        f"epochs={passes};batch_size=50;learning_rate=0.005;dropout=0.3", "", "none", error,
    )
    if error.occurred():
        sys.exit(f"UDPipe: {error.message}")
    path.write_bytes(model if isinstance(model, bytes) else model.encode("latin-1", "surrogateescape"))
    return path


RUN_SPACY = "import sys,spacy\nnlp=spacy.load(sys.argv[1])\nnlp.max_length=1<<40\nparts=[p for p in sys.stdin.read().split('\\n\\n') if p]\nfor doc in nlp.pipe(parts,batch_size=256): pass"
RUN_UDPIPE = (
    "import sys,ufal.udpipe as u\nm=u.Model.load(sys.argv[1])\n"
    "p=u.Pipeline(m,'tokenize',u.Pipeline.DEFAULT,u.Pipeline.NONE,'conllu')\n"
    "for part in sys.stdin.read().split('\\n\\n'):\n    p.process(part,u.ProcessingError())"
)


def main():
    folder, prefix = pathlib.Path(sys.argv[1]), sys.argv[2]
    seconds = int(float(sys.argv[3]) * 60) if len(sys.argv) > 3 else 300
    train, dev = folder / f"{prefix}-ud-train.conllu", folder / f"{prefix}-ud-dev.conllu"
    WORK.mkdir(parents=True, exist_ok=True)
    out = subprocess.run([BOTSMITH, "nlp", "evaluate", "--gold", dev, "--raw", "--json"], check=True, capture_output=True)
    scores = json.loads(out.stdout)
    lines = dev.read_text(encoding="utf-8").splitlines()
    words = sum(line.split("\t")[0].isdigit() for line in lines if "\t" in line)
    texts = [line[len("# text = "):] for line in lines if line.startswith("# text = ")]
    text, words = repeated("\n\n".join(texts), words)
    long, short = WORK / "long.txt", WORK / "short.txt"
    long.write_text(text, encoding="utf-8")
    short.write_text("word\n", encoding="utf-8")
    spacy_model, udpipe_model = train_spacy(train, dev, seconds), train_udpipe(train, dev, seconds)
    systems = {
        "botsmith": [BOTSMITH, "nlp", "tag", "--format", "conllu"],
        "spaCy": [sys.executable, "-c", RUN_SPACY, str(spacy_model)],
        "UDPipe 1": [sys.executable, "-c", RUN_UDPIPE, str(udpipe_model)],
    }
    rows = {}
    for name, command in systems.items():
        start, _ = measure(name, command, short)
        whole, memory = measure(name, command, long)
        rows[name] = (words / max(1e-9, whole - start), start, memory)
    print(f"{words} words, one thread\n")
    print(f"{'system':<10} {'words/CPU-s':>12} {'start, CPU-s':>13} {'MiB':>6} {'botsmith is':>12}")
    for name, (speed, start, memory) in rows.items():
        print(f"{name:<10} {speed:>12,.0f} {start:>13.2f} {memory:>6.0f} {rows['botsmith'][0] / speed:>11.1f}x")
    print("\nbotsmith, raw dev: " + ", ".join(f"{name} {value['f1']:.2f}" for name, value in scores.items()))


main()
