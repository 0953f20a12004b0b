"""The way a user comes in, for tests: a network of WSGI apps, a browser that follows redirects, our app behind it."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jinja2
import requests
import urllib3
from authorization_server import AuthorizationServer
from cryptography.fernet import Fernet, MultiFernet
from flask import Flask, Response, g, jsonify, request
from joserfc.jwk import ECKey, RSAKey
from memory_store import MemoryStore
from requests.adapters import BaseAdapter, HTTPAdapter
from werkzeug.test import Client, TestResponse

import launch
from launch.keys import ClientKeys
from launch.settings import Settings

PUBLIC = "https://chartside.example"
KEYS = ClientKeys([ECKey.generate_key("P-384"), RSAKey.generate_key(2048)])
SCOPES = ("launch", "openid", "fhirUser", "offline_access", "patient/Observation.rs", "user/Practitioner.rs")
IN_FRAME = {"Sec-Fetch-Dest": "iframe"}
AT_TOP = {"Sec-Fetch-Dest": "document"}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class Network(BaseAdapter):
    """Host -> WSGI app. Any other host, or a request without a time-out, fails the test."""

    def __init__(self) -> None:
        super().__init__()
        self.hosts: dict[str, Any] = {}
        self.requests: list[str] = []
        self._build = HTTPAdapter().build_response

    def send(self, request: requests.PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> requests.Response:
        assert timeout is not None, f"no time-out: {request.url}"
        url = urlsplit(request.url or "")
        assert url.netloc in self.hosts, f"a request left for {url.netloc}"
        self.requests.append(f"{request.method} {request.url}")
        answer = self.hosts[url.netloc]
        if isinstance(answer, BaseException):
            raise answer
        body = request.body.encode() if isinstance(request.body, str) else request.body
        got = Client(answer, use_cookies=False).open(
            f"{url.path}?{url.query}" if url.query else url.path,
            base_url=f"{url.scheme}://{url.netloc}",
            method=request.method,
            headers=dict(request.headers),
            data=body,
        )
        raw = urllib3.HTTPResponse(
            io.BytesIO(got.data), headers=dict(got.headers), status=got.status_code, preload_content=False
        )
        return self._build(request, raw)

    def close(self) -> None:
        pass

    def session(self) -> requests.Session:
        session = requests.Session()
        session.mount("http://", self)
        session.mount("https://", self)
        return session


class House:
    """Our app and the EHRs around it. A second instance on the same store is a second process of the same site."""

    def __init__(self, clock: Clock, network: Network, store: MemoryStore, *ehrs: launch.Ehr, **settings: Any) -> None:
        self.clock, self.network, self.store = clock, network, store
        self.launched: list[launch.Launch] = []
        self.app = Flask("house", template_folder=str(Path(__file__).parent / "templates"))
        self.app.testing = True
        self.app.jinja_env.undefined = jinja2.StrictUndefined
        chosen: dict[str, Any] = {
            "registry": launch.Registry(ehrs),
            "store": store,
            "seal": SEAL,
            "digest": lambda text: hashlib.sha256(b"pepper" + text.encode()).hexdigest(),
            "keys": KEYS,
            "public_url": PUBLIC,
            "clock": clock,
            "http": network.session,
            "launched": self.launched.append,
            "background": lambda task: task(),
        }
        self.launches = launch.init_app(self.app, Settings(**{**chosen, **settings}))
        self._pages()

    def _pages(self) -> None:
        @self.app.get("/l/<handle>/")
        def panel(handle: str) -> Any:
            found = launch.current(handle, awake="calm" not in request.args)
            return jsonify(patient=found.patient, user=found.fhir_user, handle=found.handle)

        @self.app.post("/l/<handle>/open")
        def opens(handle: str) -> Any:
            return launch.open_for(handle, request.form["patient"], appointment="a9", back="huddle/?day=2026-11-23")

        @self.app.errorhandler(launch.LaunchError)
        def problem(error: launch.LaunchError) -> Any:
            return f"{error.title} {error.advice}", error.status

        @self.app.after_request
        def framing(response: Response) -> Response:
            response.headers["X-Ancestors"] = " ".join(g.get("frame_ancestors", ()))
            return response

    def browser(self, *, cookies: bool = True, **headers: str) -> Browser:
        return Browser(self, cookies=cookies, headers={k.replace("_", "-"): v for k, v in headers.items()})


class Browser:
    """One browser: a cookie jar for our app, and it follows redirects through EHRs and back."""

    _launches = itertools.count(1)

    def __init__(self, house: House, *, cookies: bool, headers: dict[str, str]) -> None:
        self.house = house
        self.client = Client(house.app, use_cookies=cookies)
        self.headers = headers
        self.visited: list[str] = []
        self.answers: list[TestResponse] = []  # ours only

    def open(self, url: str, *, stop_at: Callable[[str], bool] = lambda _: False) -> TestResponse:
        """Go to `url` and on, until something is shown or `stop_at` says so of the next address."""
        for _ in range(10):
            self.visited.append(url)
            parts = urlsplit(url)
            ours = url.startswith(PUBLIC + "/")
            client = self.client if ours else Client(self.house.network.hosts[parts.netloc])
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            answer = client.open(path, base_url=f"{parts.scheme}://{parts.netloc}", headers=self.headers)
            if ours:
                self.answers.append(answer)
            if answer.status_code not in (302, 303) or stop_at(answer.headers["Location"]):
                return answer
            url = answer.headers["Location"]
        raise AssertionError("redirected in circles: " + " -> ".join(self.visited))

    def launch(self, ehr: AuthorizationServer, *, iss: str = "", token: str = "", **options: Any) -> TestResponse:
        return self.open(launch_url(iss or ehr.base, token or f"launch-{next(self._launches)}"), **options)

    def callback_of(self, ehr: AuthorizationServer) -> str:
        """Launch, sign in, and stop just before the way back: the address of the callback."""
        answer = self.launch(ehr, stop_at=lambda url: url.startswith(f"{PUBLIC}/callback"))
        return str(answer.headers["Location"])

    def handle(self, ehr: AuthorizationServer) -> str:
        """Launch and give the handle."""
        answer = self.launch(ehr)
        assert answer.status_code == 200, answer.text
        return str(json.loads(answer.text)["handle"])

    def page(self, handle: str) -> TestResponse:
        return self.open(f"{PUBLIC}/l/{handle}/")

    def calm(self, handle: str) -> TestResponse:
        """What a page asks by itself."""
        return self.open(f"{PUBLIC}/l/{handle}/?calm=1")

    def open_other(self, handle: str, patient: str) -> TestResponse:
        """Open another patient from a launch; what answers that."""
        return self.client.post(f"/l/{handle}/open", base_url=PUBLIC, data={"patient": patient})

    def other(self, handle: str, patient: str) -> str:
        """Open another patient from a launch, and give the new handle."""
        answer = self.open_other(handle, patient)
        assert answer.status_code == 303, answer.text
        self.answers.append(answer)
        return str(answer.headers["Location"]).rstrip("/").rpartition("/")[2]


def launch_url(iss: str, token: str) -> str:
    return f"{PUBLIC}/launch?{urlencode({'iss': iss, 'launch': token})}"


def query(url: str) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}


def entry(ehr: AuthorizationServer, **fields: Any) -> launch.Ehr:
    """How an EHR of these tests is registered."""
    habits = ehr.habits
    chosen: dict[str, Any] = {
        "id": ehr.host.partition(".")[0],
        "name": f"EHR at {ehr.host}",
        "issuer": ehr.base,
        "client_id": habits.client_id,
        "auth": habits.auth,
        "client_secret": habits.client_secret,
        "scopes": SCOPES,
        "frame_ancestors": (ehr.origin,),
    }
    return launch.Ehr(**{**chosen, **fields})


SEAL = MultiFernet([Fernet(Fernet.generate_key())])
