"""Three browser engines behind one small interface: what a reader's hands can do.

Chromium through Playwright; Firefox, any installed one, through WebDriver BiDi, which
it speaks by itself; WebKitGTK through WebKitWebDriver, on a screen of Xvfb's. They open
pages 390 px wide (WebKitGTK's window stops at 447); keys and touches are the engine's
own input events, not events made by a script.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tools.site.browser_check import find_chromium, launch_options

WIDTH, HEIGHT = 390, 844
PATIENCE = 120  # seconds: a busy machine is no finding
# Once it stands still: pictures that load above an element move it.
CENTRE = """async (selector) => {
  const e = document.querySelector(selector);
  for (let tries = 0, last; tries < 50; tries++) {
    e.scrollIntoView({ block: "center", behavior: "instant" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    const box = e.getBoundingClientRect(), at = [box.x + box.width / 2, box.y + box.height / 2];
    if (String(at) === String(last)) return at;
    last = at;
  }
}"""


class Engine(Protocol):
    name: str
    keys: dict[str, str]

    def open(self, url: str) -> None: ...
    def reload(self) -> None: ...
    def evaluate(self, function: str, *arguments: Any) -> Any:
        """The value of a function of the page, which may be async."""

    def press(self, key: str) -> None: ...
    def type(self, text: str) -> None: ...
    def tap(self, selector: str) -> None:
        """A finger, at the middle of an element."""


# --------------------------------------------------------------------- Chromium


class Chromium:
    name = "Chromium"

    def __init__(self, browser) -> None:
        self.browser = browser
        self.context: Any = None

    def open(self, url: str) -> None:
        if self.context:
            self.context.close()  # with all that the page has stored
        self.context = self.browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, has_touch=True, is_mobile=True
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * PATIENCE)
        self.page.goto(url, wait_until="load")

    def reload(self) -> None:
        self.page.reload(wait_until="load")

    def evaluate(self, function: str, *arguments: Any) -> Any:
        return self.page.evaluate(f"(all) => ({function})(...all)", list(arguments))

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def tap(self, selector: str) -> None:
        self.page.touchscreen.tap(*self.evaluate(CENTRE, selector))


@contextmanager
def chromium() -> Iterator[Engine | None]:
    program = find_chromium()
    if program is None:
        yield None
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(program))
        yield Chromium(browser)
        browser.close()


# ---------------------------------------------------------------------- Firefox

# WebDriver's code points for keys that write nothing.
KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
    "Backspace": "\ue003",
    "Space": " ",
}


class Firefox:
    name = "Firefox"

    def __init__(self, connection) -> None:
        self.connection = connection
        self.number = 0
        self.user = self.tab = ""
        self.command("session.new", capabilities={})

    def command(self, method: str, **parameters: Any) -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        self.connection.send(json.dumps(message))
        while True:  # events come in between
            answer = json.loads(self.connection.recv())
            if answer.get("id") == self.number:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
                return dict(answer["result"])

    def open(self, url: str) -> None:
        if self.user:
            self.command("browser.removeUserContext", userContext=self.user)
        self.user = self.command("browser.createUserContext")["userContext"]
        create = {"type": "tab", "userContext": self.user}
        self.tab = self.command("browsingContext.create", **create)["context"]
        size = {"width": WIDTH, "height": HEIGHT}
        self.command("browsingContext.setViewport", context=self.tab, viewport=size)
        self.command("browsingContext.navigate", context=self.tab, url=url, wait="complete")

    def reload(self) -> None:
        self.command("browsingContext.reload", context=self.tab, wait="complete")

    def evaluate(self, function: str, *arguments: Any) -> Any:
        call = f"async () => JSON.stringify(await ({function})(...{json.dumps(arguments)}))"
        answer = self.command(
            "script.callFunction",
            functionDeclaration=call,
            awaitPromise=True,
            target={"context": self.tab},
        )
        if answer["type"] != "success":
            raise RuntimeError(str(answer["exceptionDetails"]["text"]))
        return json.loads(answer["result"].get("value", "null"))

    def perform(self, source: dict, *actions: dict) -> None:
        self.command(
            "input.performActions", context=self.tab, actions=[{**source, "actions": actions}]
        )

    def press(self, key: str) -> None:
        value = KEYS.get(key, key)
        kinds = ("keyDown", "keyUp")
        self.perform({"type": "key", "id": "keys"}, *({"type": k, "value": value} for k in kinds))

    def type(self, text: str) -> None:
        for character in text:
            self.press(character)

    def tap(self, selector: str) -> None:
        x, y = (round(v) for v in self.evaluate(CENTRE, selector))
        finger = {"type": "pointer", "id": "finger", "parameters": {"pointerType": "touch"}}
        move = {"type": "pointerMove", "x": x, "y": y}
        self.perform(
            finger, move, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
        )


QUIET = """user_pref("browser.aboutwelcome.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("app.update.auto", false);
user_pref("dom.w3c_touch_events.enabled", 1);
"""


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _connect(port: int):
    import websocket

    until = time.monotonic() + PATIENCE
    while True:
        try:
            return websocket.create_connection(
                f"ws://127.0.0.1:{port}/session", timeout=PATIENCE, suppress_origin=True
            )
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def firefox() -> Iterator[Engine | None]:
    program = shutil.which("firefox") or shutil.which("firefox-esr")
    if program is None:
        yield None
        return
    port = _free_port()
    with tempfile.TemporaryDirectory() as profile:
        Path(profile, "user.js").write_text(QUIET, encoding="utf-8")
        command = [program, "--headless", "--no-remote", "--profile", profile]
        command += [f"--remote-debugging-port={port}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield Firefox(_connect(port))
        finally:
            process.terminate()
            process.wait(timeout=30)


# -------------------------------------------------------------------- WebKitGTK


class WebKit:
    name = "WebKit"

    def __init__(self, driver: str) -> None:
        self.driver = driver
        self.session = ""

    def command(self, method: str, path: str, **parameters: Any) -> Any:
        body = json.dumps(parameters).encode() if method == "POST" else None
        request = urllib.request.Request(f"{self.driver}/session{path}", body, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.loads(answer.read())["value"]
        except urllib.error.HTTPError as error:
            problem = json.loads(error.read())["value"]
            raise RuntimeError(f"{path}: {problem['error']}: {problem['message']}") from None

    def close(self) -> None:
        if self.session:
            self.command("DELETE", self.session)
            self.session = ""

    def open(self, url: str) -> None:
        self.close()  # with all that the page has stored
        self.session = "/" + self.command("POST", "", capabilities={})["sessionId"]
        size = {"width": WIDTH, "height": HEIGHT}
        self.command("POST", f"{self.session}/window/rect", **size)
        self.command("POST", f"{self.session}/timeouts", script=1000 * PATIENCE)
        self.command("POST", f"{self.session}/url", url=url)

    def reload(self) -> None:
        self.command("POST", f"{self.session}/refresh")

    def evaluate(self, function: str, *arguments: Any) -> Any:
        call = f"const done = arguments[arguments.length - 1], all = {json.dumps(arguments)};"
        call += f"(async () => ({function})(...all))().then((v) => done(JSON.stringify(v)),"
        call += "(e) => done(JSON.stringify({ failed: String(e) })));"
        answer = self.command("POST", f"{self.session}/execute/async", script=call, args=[])
        value = json.loads(answer) if answer else None
        if isinstance(value, dict) and "failed" in value:
            raise RuntimeError(value["failed"])
        return value

    def perform(self, source: dict, *actions: dict) -> None:
        given = [{**source, "actions": actions}]
        self.command("POST", f"{self.session}/actions", actions=given)

    def press(self, key: str) -> None:
        value = KEYS.get(key, key)
        kinds = ("keyDown", "keyUp")
        self.perform({"type": "key", "id": "keys"}, *({"type": k, "value": value} for k in kinds))

    def type(self, text: str) -> None:
        for character in text:
            self.press(character)

    def tap(self, selector: str) -> None:
        """With a mouse: the driver has no fingers."""
        x, y = (round(v) for v in self.evaluate(CENTRE, selector))
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        move = {"type": "pointerMove", "x": x, "y": y, "duration": 0}
        self.perform(
            mouse, move, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
        )


@contextmanager
def webkit() -> Iterator[Engine | None]:
    programs = [shutil.which(name) for name in ("WebKitWebDriver", "xvfb-run")]
    if None in programs:
        yield None
        return
    port = _free_port()
    command = ["xvfb-run", "-a", "-s", "-screen 0 1400x1000x24", "WebKitWebDriver"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [*command, f"--port={port}"], stdout=quiet, stderr=quiet, start_new_session=True
    )
    engine = WebKit(f"http://127.0.0.1:{port}")
    try:
        _wait_for(port)
        yield engine
        engine.close()
    finally:
        # xvfb-run, its screen and the driver are one group
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


ENGINES = {"chromium": chromium, "firefox": firefox, "webkit": webkit}
