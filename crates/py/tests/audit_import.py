"""Imports the package under an audit hook and prints, as JSON, the files that it opened beyond its own modules, the
sockets, processes and threads that it made, and how many threads there are after it. The standard library is
there before the hook is."""

import sys, json, os, threading
import asyncio, logging, dataclasses, inspect, functools, html, itertools, signal, collections.abc, typing
import importlib.util, concurrent.futures, queue, contextlib, contextvars, datetime, textwrap, types, re
import pathlib, tempfile, string, math, random, statistics, enum, operator, time, copy, weakref, hashlib
spec = importlib.util.find_spec("botsmith")
home = os.path.dirname(os.path.realpath(spec.origin))
seen = []
def hook(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        path = os.path.realpath(os.fsdecode(args[0]))
        if not path.startswith(home) and not path.endswith((".py", ".pyc", ".so")):
            seen.append(f"open {path}")
    elif event.startswith(("socket.", "subprocess.", "os.posix_spawn", "os.fork", "_thread.start")):
        seen.append(event)
sys.addaudithook(hook)
import botsmith
for name in botsmith.__all__:
    getattr(botsmith, name)
def threads():
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1
count = threads()
print(json.dumps({"seen": seen, "threads": count}))
