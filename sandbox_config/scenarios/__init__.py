"""The stories of the sandbox, one JSON file each, and what turns their compact rows into FHIR R4 resources.

`sandbox_config.scenario` is the way in; nothing else imports this package.
"""
