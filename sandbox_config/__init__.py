"""Sandboxes: the public ones and the vendors as data (TOML), and a local one that is an independent witness.

The local sandbox is an EHR and four payers. It speaks SMART App Launch, FHIR and the Da Vinci guides on its own and
imports neither `app` nor `launch`: what both sides get wrong in the same way, no test would show.

- `ehr/`        an authorization server, a FHIR R4 server and a small EHR to look at, per tenant
- `payer/`      the payers' servers
- `scenarios/`  the patients' stories, told on both sides
- `faults.py`   every way in which the EHR can be told to misbehave; `payer/faults.py` has the payers'

`python -m sandbox_config` runs all of it on loopback.
"""
