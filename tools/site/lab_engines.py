"""Are the explorables' numbers the same in a second engine?

    python tools/site/lab_engines.py

V8 (mini-racer, without a browser) and Firefox compute every number of every explorable
at its opening and at settings drawn at random, and must agree to the last bit.  Some of
the runs amplify rounding: a pow that differs in its last bit made 59 bursts of 57.  Against
adam_lib the numbers are checked in tests/site/test_explorables.py.
"""

from __future__ import annotations

import http.server
import json
import queue
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager

from tools.site import lab_stills

SLOW = {"valley": 6, "bursts": 6}
PATIENCE = 180  # seconds: a first start of Firefox on a busy machine
NUMBERS = '/data-n="([^"]+)" value="([^"]+)"/g'
COMPUTE = f"""Object.fromEntries(Object.entries(settings).map(([name, all]) => [name,
  all.map((state) => Object.fromEntries(
    [...lab.render(name, state).matchAll({NUMBERS})].map((m) => [m[1], m[2]])))]))"""

Settings = dict[str, list[dict]]


def draw(engine: lab_stills.Engine, seed: int = 1) -> Settings:
    rng, out = random.Random(seed), {}
    for name in engine.names:
        controls = engine("lab.figures[name].controls", name=name)
        out[name] = [{key: c["value"] for key, c in controls.items()}]
        for _ in range(SLOW.get(name, 15)):
            some = {key: rng.choice(c.get("values") or c["options"]) for key, c in controls.items()}
            out[name].append(some)
    return out


@contextmanager
def serve(settings: Settings):
    """A page that computes; its address, and a queue for what it sends back."""
    names = (*lab_stills.BASE, *lab_stills.scripts())
    page = "<!doctype html><meta charset=utf-8>"
    page += "".join(f'<script src="/{name}.js"></script>' for name in names)
    page += f"<script>const settings = {json.dumps(settings)};"
    page += f'fetch("/", {{method: "POST", body: JSON.stringify({COMPUTE})}});</script>'
    answers: queue.Queue[dict] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            script = re.fullmatch(r"/(\w+)\.js", self.path)
            body = page.encode()
            if script:
                body = (lab_stills.SCRIPTS / f"{script[1]}.js").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            answers.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", answers
    finally:
        server.shutdown()


def firefox(program: str, settings: Settings) -> dict:
    with serve(settings) as (address, answers), tempfile.TemporaryDirectory() as profile:
        command = [program, "--headless", "--no-remote", "--profile", profile, address]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        try:
            return answers.get(timeout=PATIENCE)
        finally:
            process.terminate()
            process.wait(timeout=30)


def main() -> int:
    program = shutil.which("firefox") or shutil.which("firefox-esr")
    try:
        engine = lab_stills.Engine()
    except ImportError:
        program = None
    if program is None:
        print("NOT CHECKED in a second engine: no Firefox, or no mini-racer, here")
        return 0
    settings = draw(engine)
    here = engine(COMPUTE, settings=settings)
    engine.close()
    there = firefox(program, settings)
    bad = count = 0
    for name, rows in here.items():
        for state, ours, theirs in zip(settings[name], rows, there[name], strict=True):
            count += len(ours)
            for key in sorted(ours.keys() | theirs.keys()):
                if ours.get(key) != theirs.get(key):
                    bad += 1
                    print(f"{name}: {key} is {ours.get(key)} in V8, {theirs.get(key)} in Firefox")
                    print(f"  at {state}")
    print(f"{count} numbers of {len(here)} explorables in V8 and Firefox: ", end="")
    print(f"{bad} differ" if bad else "equal bits")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
