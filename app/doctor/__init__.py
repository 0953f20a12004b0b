"""Checks one EHR or payer entry from outside, without a launch: what works, what degrades, what to ask the vendor for.

    report    findings, and how they are printed      looking   one guarded look at a server
    ours      our own addresses, keys and frames      metadata  is there a CapabilityStatement, and of R4
    ehr       an EHR entry                            payer     a payer entry
    tls       certificates                            examine   all of it side by side, in half a minute at most

It reads no patient, and prints no secret and no token: whatever it prints passes `report.Hidden`.
"""
