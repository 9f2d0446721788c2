"""Trains spaCy and UDPipe 1 for some CPU-minutes on a treebank and times them beside botsmith.

Every system runs in a process of its own, on one thread, over the same raw text. CPU seconds are the
process's own (user and system), less those of the same process over a text of one word: what a
system needs to start is not counted as speed, but printed beside. The systems take turns, and each
one's quickest round counts: other work on the machine only ever adds time.
"""

import json
import multiprocessing
import os
import pathlib
import resource
import subprocess
import sys
import time

WORDS = int(os.environ.get("BENCH_WORDS", 1_000_000))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 2))
ALL = pathlib.Path("target/bench-nlp")
PAGE = pathlib.Path("docs/src/language-benchmarks.md")
BOTSMITH = os.environ.get("BOTSMITH", "target/release/botsmith")
WORK = ALL  # a folder a treebank, see main

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


def busy():
    """CPU seconds that all processors have worked since the start of the machine; none where it does not say."""
    try:
        with open("/proc/stat", encoding="ascii") as stat:
            numbers = [int(number) for number in stat.readline().split()[1:9]]
    except (OSError, ValueError):
        return None
    return (sum(numbers) - numbers[3] - numbers[4]) / os.sysconf("SC_CLK_TCK")


#: The share of the machine that others took, at each measurement.
OTHERS = []
#: What they may take where it is called quiet.
QUIET = 0.05


def measure(name, command, path, out=os.devnull):
    """CPU seconds, wall seconds and peak memory (MiB) of a command that reads a file on stdin."""
    worked = busy()
    environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    started = time.monotonic()
    usage = WORK / "usage.json"
    # A process counts the memory of the one that it was copied from: so a small one starts it.
    launcher = [sys.executable, "-S", "-c", LAUNCH, usage, *command]
    with open(path, "rb") as stdin, open(out, "wb") as stdout:
        subprocess.run(launcher, stdin=stdin, stdout=stdout, env=environment, check=True)
    wall = time.monotonic() - started
    status, seconds, memory = json.loads(usage.read_text())
    if wall > 1:
        OTHERS.append(1 if worked is None else (busy() - worked - seconds) / wall / os.cpu_count())
    if status:
        sys.exit(f"{name} ended with {status}")
    return seconds, wall, memory / 1024


LAUNCH = """
import json, os, sys
pid = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as out:
    json.dump([status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss], out)
"""


def apart(function, *args):
    """Runs a function in a process of its own: what it takes in memory must not count as a system's, which
    begins as a copy of this process."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=args)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{function.__name__} ended with {process.exitcode}")


def train_spacy(work, train, dev, seconds):
    import spacy
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train as loop
    from spacy.language import DEFAULT_CONFIG
    from spacy.util import load_config_from_str

    folder = work / "spacy"
    if folder.exists():
        return folder
    data = work / "docbin"
    data.mkdir(parents=True, exist_ok=True)
    for path in [train, dev]:
        subprocess.run(
            [sys.executable, "-m", "spacy", "convert", path, data, "-n", "10", "--merge-subtokens"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    text = SPACY_CONFIG.replace("TRAIN", str(data / f"{train.stem}.spacy")).replace("DEV", str(data / f"{dev.stem}.spacy"))
    config = DEFAULT_CONFIG.merge(load_config_from_str(text))
    config["training"]["seed"] = 1
    nlp = init_nlp(config)
    started = time.process_time()

    class Enough(Exception):
        pass

    def logger(nlp, stdout=None, stderr=None):
        def step(info):
            if time.process_time() - started > seconds:
                raise Enough

        return step, lambda: None

    spacy.registry.loggers.register("bench.v1", func=lambda: logger)
    nlp.config["training"]["logger"] = {"@loggers": "bench.v1"}
    try:
        loop(nlp, None)
    except Enough:
        pass
    (work / "spacy.seconds").write_text(str(time.process_time() - started))
    nlp.to_disk(folder)
    return folder


def train_udpipe(work, train, dev, seconds, xpos):
    import ufal.udpipe as udpipe

    path = work / "udpipe.model"
    if path.exists():
        return path

    def sentences(file, most):
        reader = udpipe.InputFormat.newConlluInputFormat()
        reader.setText(file.read_text(encoding="utf-8"))
        result = udpipe.Sentences()
        error = udpipe.ProcessingError()
        while len(result) < most:
            sentence = udpipe.Sentence()
            if not reader.nextSentence(sentence, error):
                break
            result.push_back(sentence)
        return result

    def fit(cuts, tags, most=sys.maxsize):
        learned, tuned = sentences(train, most), sentences(dev, most)
        started = time.process_time()
        error = udpipe.ProcessingError()
        model = udpipe.Trainer.train("morphodita_parsito", learned, tuned, cuts, tags, "none", error)
        if error.occurred():
            sys.exit(f"UDPipe: {error.message}")
        return model, time.process_time() - started

    def tagger(passes):
        return f"iterations={passes}" + ("" if xpos else ";use_xpostag=0;provide_xpostag=0")

    def tokenizer(passes):
        return f"epochs={passes};batch_size=50;learning_rate=0.005;dropout=0.3"

    # UDPipe cannot be stopped after a time: a pass of each part over some sentences says how many there is time
    # for. Four fifths of it go to the tagger.
    whole, few = len(sentences(train, sys.maxsize)), 500
    tags, cuts = (fit(*first, few)[1] * whole / few for first in [("none", tagger(1)), (tokenizer(1), "none")])
    iterations, passes = max(1, round(seconds * 0.8 / tags)), max(1, round(seconds * 0.2 / cuts))
    print(f"UDPipe: {iterations} passes of the tagger, {passes} of the tokenizer", file=sys.stderr)
    model, took = fit(tokenizer(passes), tagger(iterations))
    (work / "udpipe.seconds").write_text(str(took))
    path.write_bytes(model if isinstance(model, bytes) else model.encode("latin-1", "surrogateescape"))
    return path


SPACY_LOAD = """
import sys, spacy
nlp = spacy.load(sys.argv[1])
nlp.max_length = 1 << 40
parts = [p for p in sys.stdin.read().split("\\n\\n") if p]
"""
RUN_SPACY = SPACY_LOAD + "for doc in nlp.pipe(parts, batch_size=256): pass"
WRITE_SPACY = SPACY_LOAD + """
for doc in nlp.pipe(parts, batch_size=256):
    for sent in doc.sents:
        words = [t for t in sent if not t.is_space]
        for n, t in enumerate(words, 1):
            space = "_" if t.whitespace_ else "SpaceAfter=No"
            print(n, t.text, t.lemma_ or "_", t.pos_ or "_", t.tag_ or "_", str(t.morph) or "_", "_", "_", "_", space, sep="\\t")
        if words:
            print()
"""
UDPIPE = """
import sys, ufal.udpipe as u
m = u.Model.load(sys.argv[1])
p = u.Pipeline(m, "tokenize", u.Pipeline.DEFAULT, u.Pipeline.NONE, "conllu")
for part in sys.stdin.read().split("\\n\\n"):
    out = p.process(part, u.ProcessingError())
"""
RUN_UDPIPE = UDPIPE
WRITE_UDPIPE = UDPIPE + "    sys.stdout.write(out)\n"


def raw_text(path):
    """The text of a treebank as `botsmith nlp evaluate --raw` rebuilds it."""
    out, skip, first = [], 0, True
    paragraph, opens = False, True
    space = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(("# newpar", "# newdoc")):
            paragraph = True
        elif not line:
            opens = True
        elif not line.startswith("#"):
            columns = line.split("\t")
            if "-" in columns[0]:
                skip = int(columns[0].split("-")[1])
            elif "." in columns[0] or int(columns[0]) <= skip:
                if columns[0].isdigit() and int(columns[0]) == skip:
                    skip = 0
                continue
            if not first:
                out.append("\n\n" if opens and paragraph else space)
            paragraph, opens, first = (False if opens else paragraph), False, False
            out.append(columns[1])
            space = "" if "SpaceAfter=No" in columns[9].split("|") else " "
    return "".join(out) + "\n"


def accuracy(gold, system):
    command = [BOTSMITH, "nlp", "evaluate", "--gold", gold, "--system", system, "--json"]
    scores = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {name: value["f1"] for name, value in scores.items()}


def train_ours(prefix, train, dev):
    """English is inside; any other language is trained, without XPOS. Gives the model and the CPU-seconds."""
    if prefix == "en_ewt":
        return [], None
    path, seconds = WORK / "ours.bsm", WORK / "ours.seconds"
    if not path.exists():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [BOTSMITH, "nlp", "train", "--train", train, "--dev", dev, "--out", path, "--columns", "upos,feats,lemma", "--json"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.write_text(str(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return ["--model", str(path)], float(seconds.read_text())


def minutes(seconds):
    return f"{seconds / 60:.1f} CPU-minutes"


def page(result):
    """The page of the book with this result; what stands there of other treebanks stays."""
    sections = dict(part.split("\n", 1) for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]) if PAGE.exists() else {}
    sections[result["prefix"]] = section(result)
    lines = [
        "# Speed and accuracy of language",
        "",
        "`scripts/bench-nlp` made this page. It trains peers (spaCy, a small-type pipeline; UDPipe 1) on the training part of a",
        "treebank, and runs them beside `botsmith nlp tag`, one process and one thread each, over the same text: the raw",
        "text of the dev part, again and again. Words per CPU-second leave out the start, which stands",
        "beside; the text goes through tokens, sentences, tags, features and lemmas. The systems take turns, and each",
        "one's quickest round counts. F1 is that of the raw dev part, as `botsmith nlp evaluate` computes it for every",
        "system. UDPipe gets as long as we take, but one pass of its tagger at least, which may take longer.",
    ]
    for prefix, text in sorted(sections.items()):
        lines += ["", f"## {prefix}", text.rstrip("\n")]
    return "\n".join(lines) + "\n"


def section(result):
    """The part of the page that is of one treebank, without its heading."""
    lines = [
        "",
        result["note"],
        "",
        "| system | words per CPU-second | botsmith is | one word: CPU-seconds | one word: peak MiB | peak MiB | trained |",
        "|---|---|---|---|---|---|---|",
    ]
    ours = result["systems"]["botsmith"]["speed"]
    for name, row in result["systems"].items():
        ratio = "" if name == "botsmith" else f"{ours / row['speed']:.1f} times as fast"
        lines.append(
            f"| {name} | {row['speed']:,.0f} | {ratio} | {row['start']:.3f} | {row['small']:.0f} | {row['memory']:.0f} | {row['trained']} |"
        )
    columns = [c for c in ["Tokens", "Sentences", "Words", "UPOS", "XPOS", "UFeats", "Lemmas"] if c != "XPOS" or result["xpos"]]
    lines += ["", "| F1, raw dev | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in result["systems"].items():
        lines.append(f"| {name} | " + " | ".join(f"{row['f1'][c]:.2f}" for c in columns) + " |")
    if result["quiet"]:
        lines += ["", f"Two threads take {result['two']:.2f} times less wall time than one."]
    else:
        lines += ["", "Wall time of two threads says nothing on a shared machine, and is left out."]
    return "\n".join(lines)


def main():
    global WORK
    folder, prefix = pathlib.Path(sys.argv[1]), sys.argv[2]
    train, dev = folder / f"{prefix}-ud-train.conllu", folder / f"{prefix}-ud-dev.conllu"
    WORK = ALL / prefix
    WORK.mkdir(parents=True, exist_ok=True)
    model, our_seconds = train_ours(prefix, train, dev)
    seconds = float(sys.argv[3]) * 60 if len(sys.argv) > 3 else our_seconds or 300
    peers = os.environ.get("BENCH_PEERS", "spacy,udpipe").split(",")
    lines = dev.read_text(encoding="utf-8").splitlines()
    words = sum(line.split("\t")[0].isdigit() for line in lines if "\t" in line)
    text, words = repeated(raw_text(dev), words)
    long, short, once = WORK / "long.txt", WORK / "short.txt", WORK / "dev.txt"
    long.write_text(text, encoding="utf-8")
    short.write_text("word\n", encoding="utf-8")
    once.write_text(raw_text(dev), encoding="utf-8")

    tag = [BOTSMITH, "nlp", "tag", *model, "--format", "conllu", "--threads"]
    python = [sys.executable, "-c"]
    systems = {"botsmith": ([*tag, "1"], [*tag, "1"], "inside" if our_seconds is None else minutes(our_seconds))}
    if "spacy" in peers:
        model = WORK / "spacy"
        apart(train_spacy, WORK, train, dev, seconds)
        systems["spaCy"] = ([*python, RUN_SPACY, model], [*python, WRITE_SPACY, model], minutes(float((WORK / "spacy.seconds").read_text())))
    if "udpipe" in peers:
        model = WORK / "udpipe.model"
        apart(train_udpipe, WORK, train, dev, seconds, our_seconds is None)
        took = float((WORK / "udpipe.seconds").read_text())
        systems["UDPipe 1"] = ([*python, RUN_UDPIPE, model], [*python, WRITE_UDPIPE, model], minutes(took))
    OTHERS.clear()
    rounds = {name: [] for name in systems}
    walls = {1: [], 2: []}
    for _ in range(ROUNDS):
        for name, (command, _, _) in systems.items():
            start, _, small = measure(name, command, short)
            whole, wall, memory = measure(name, command, long)
            rounds[name].append((words / max(1e-9, whole - start), start, memory, small))
            if name == "botsmith":
                walls[1].append(wall)
                walls[2].append(measure(name, [*tag, "2"], long)[1])
    rows = {}
    for name, (_, command, trained) in systems.items():
        out = WORK / f"{name.replace(' ', '-')}.conllu"
        measure(name, command, once, out)
        speed = max(row[0] for row in rounds[name])
        rows[name] = {
            "speed": speed,
            "start": min(row[1] for row in rounds[name]),
            "memory": max(row[2] for row in rounds[name]),
            "small": max(row[3] for row in rounds[name]),
            "trained": trained,
            "f1": accuracy(dev, out),
        }
    quiet = max(OTHERS) <= QUIET
    machine = f"{os.cpu_count()} processors; the machine was " + (
        "quiet." if quiet else f"shared with other work (up to {max(OTHERS):.0%} of it), which costs every system speed."
    )
    result = {
        "prefix": prefix,
        "note": f"{words:,} words. {machine}",
        "systems": rows,
        "quiet": quiet,
        "two": min(walls[1]) / min(walls[2]),
        "xpos": our_seconds is None,
    }
    text = page(result)
    pathlib.Path(os.environ.get("BENCH_PAGE", PAGE)).write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
