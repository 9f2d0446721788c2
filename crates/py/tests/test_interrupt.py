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
}


@pytest.mark.parametrize("name", CALLS)
def test_control_c_is_answered_within_a_second(name: str) -> None:
    before, call = CALLS[name]
    if before is STALLED and shutil.which("redis-server") is None:
        pytest.skip("no redis-server is here")
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
    # Twice the promise: the machine may be busy.
    assert took < 2.0


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
