"""First load of the panel: script and style, uncompressed (README, Speed)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import requests

from sandbox_config.demo import browser, sandbox
from tests.bench.figure import Figure

BOUND_KB = 90


def measure() -> Iterator[Figure]:
    with sandbox() as running:
        client = browser()
        minted = client.get(f"{running.ehr}/main/launch-url", params={"scenario": "one-open-gap"}, timeout=30).json()
        page = client.get(minted["launch_url"], timeout=30)
        assets = re.findall(r'<(?:script|link rel="stylesheet")[^>]* (?:src|href)="([^"]+)"', page.text)
        assert assets, page.text
        size = sum(len(requests.get(urljoin(page.url, each), timeout=30).content) for each in assets)
        yield Figure("first load of script and style, kB", size / 1000, BOUND_KB)
