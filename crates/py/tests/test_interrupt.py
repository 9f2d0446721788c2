"""Ctrl-C is answered within a second, whatever Rust waits for or works at."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import pytest

import botsmith as bs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

#: A document that is long to work at and quick to make, under any build.
LONG = """
doc = bs.nlp.from_conllu(bs.nlp.load("en")("The files have been deleted, and the old keeper waved.").to_conllu() * 60_000)
"""

#: A server that takes connections and never says a word.
SILENT = """
import socket
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(8)
url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
"""

#: A run in a server that stops to answer once the run is there.
STALLED = """
import signal, socket, subprocess, time
with socket.socket() as place:
    place.bind(("127.0.0.1", 0))
    port = place.getsockname()[1]
server = subprocess.Popen(["redis-server", "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
ended = server.kill
for _ in range(200):
    try:
        store = bs.Store(f"redis://127.0.0.1:{port}/0")
        break
    except bs.StoreError:
        time.sleep(0.05)
rows = [{"input": f"word {n}"} for n in range(400)]
run = bs.evaluate(bots=str.upper, dataset=rows, evaluators=["words"], store=store, progress=False, warn=False)
server.send_signal(signal.SIGSTOP)
"""

#: A turn that goes on on another thread, which holds the session meanwhile.
BUSY = """
import threading, time
session = bs.Bot(provider=lambda text: time.sleep(60) or "late").session()
threading.Thread(target=session.ask, args=("?",), daemon=True).start()
time.sleep(0.3)
"""

#: A server of a model that takes questions and never answers, and a folder for files.
DUMB = """
import json, pathlib, socket, tempfile
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(8)
place = f"http://127.0.0.1:{server.getsockname()[1]}"
provider = {"id": "ollama", "address": place, "model": "m"}
folder = pathlib.Path(tempfile.mkdtemp())
"""

#: A workflow with a step that takes long.
FLOW = DUMB + """
import time
file = folder / "flow.yaml"
file.write_text("version: 1\\nname: slow\\nsteps: {wait: {uses: sleeps}}\\n")
workflow = bs.flow.Workflow(file, kinds={"sleeps": lambda: time.sleep(60)})
"""

#: A bot whose model never answers, and cases enough to hone it by.
HONED = DUMB + """
rows = [{"id": f"c{n}", "input": f"say {n}", "reference": f"{n}"} for n in range(200)]
(folder / "cases.jsonl").write_text("".join(json.dumps(row) + chr(10) for row in rows))
kept = {"id": "ollama", "credentials": {"address": place}, "settings": {"model": "m"}}
(folder / "bot.yml").write_text(json.dumps({"provider": kept}))
suite = folder / "suite.yaml"
suite.write_text("{version: 1, dataset: cases.jsonl, bots: [{name: b, cartridge: bot.yml}], evaluators: [equals]}")
"""

#: What is made before, and the call that takes long.
CALLS = {
    "many metrics": (
        'texts = ["word " * 400] * 20_000; turned = [text[::-1] for text in texts]',
        "bs.metrics.levenshtein(texts, turned, threads=1)",
    ),
    "long metrics": (
        'texts = ["word " * 20_000] * 400; turned = [text[::-1] for text in texts]',
        "bs.metrics.levenshtein(texts, turned, threads=1)",
    ),
    "a store that is not answered": (SILENT, "bs.Store(url)"),
    "runs of such a store": (SILENT, "bs.runs(url)"),
    "workflows of such a store": (SILENT, "bs.flow.runs(url)"),
    "cases in a store that answers no more": (STALLED, "list(run)"),
    "a comparison in such a store": (STALLED, "bs.compare(run, run)"),
    "verbs of a long document": (LONG, "bs.nlp.verbs(doc)"),
    "stages over a long document": (
        LONG + 'analyser = bs.nlp.Analyser(["tokenise", "sentences", "tag", "morphology", "lemma", "chunks", "keyphrases"])',
        "analyser(doc)",
    ),
    "a session at work": (BUSY, "session.history"),
    "a turn of such a session": (BUSY, "session.ask('!')"),
    "a bot whose function hangs": ("import time", "bs.Bot(provider=lambda text: time.sleep(60)).ask('?')"),
    "a bot whose server hangs": (DUMB, "bs.Bot(provider=provider).ask('?')"),
    "a stream of such a bot": (DUMB, "list(bs.Bot(provider=provider).stream('?'))"),
    "a step of a workflow": (FLOW, "workflow.run(store='memory:')"),
    "honing": (HONED, "bs.hone('b', suite=suite, store='memory:', progress=False)"),
    "a pipe over much text": (
        'en = bs.nlp.load("en"); texts = ["The files have been deleted, and the old keeper waved. " * 2000] * 64',
        "list(en.pipe(texts))",
    ),
    "a pipe over many texts": (
        'en = bs.nlp.load("en"); texts = ["The files have been deleted, and the old keeper waved."] * 2_000_000',
        "list(en.pipe(texts, batch_size=100_000, threads=1))",
    ),
}


def answered(before: str, call: str) -> float:
    """Seconds from Ctrl-C to KeyboardInterrupt in a process of its own, which is half a second into a call."""
    code = "import os, botsmith as bs\nended = lambda: None\n" + textwrap.dedent(before) + textwrap.dedent(f"""
        print("ready", flush=True)
        try:
            {call}
        except KeyboardInterrupt:
            print("stopped", flush=True)
        except BaseException as error:
            print("ended by", repr(error), flush=True)
        else:
            print("done", flush=True)
        ended()
        os._exit(0)
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        asked = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "stopped\n"
        took = time.monotonic() - asked
        child.wait()
    return took


@pytest.mark.parametrize("name", CALLS)
def test_control_c_is_answered_within_a_second(name: str) -> None:
    before, call = CALLS[name]
    if before is STALLED and shutil.which("redis-server") is None:
        pytest.skip("no redis-server is here")
    took = answered(before, call)
    if took >= 1.0:
        # More than the second that is promised: only what the machine takes may come on top, which is what it needs to stop
        # a process that sleeps, and a quarter of a second, since it may have been busier a moment ago.
        machine = answered("import time", "time.sleep(60)") + 0.25
        assert took < 1.0 + machine, f"{took:.2f} s, of which the machine may take {machine:.2f} s"


def test_work_goes_on_after_a_signal_that_raises_nothing() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        begun, rounds = time.monotonic(), 0
        while not heard and time.monotonic() - begun < 20:
            assert len(bs.metrics.levenshtein(["a word here " * 40] * 2000, ["another one " * 40] * 2000, threads=1)) == 2000
            rounds += 1
        assert heard and rounds
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
