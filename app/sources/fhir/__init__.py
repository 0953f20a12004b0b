"""FHIR R4 shapes that EHRs and payers share, read tolerantly from plain JSON into the types of `app.core`.

Every function here is total: whatever JSON it is given, it returns a value of its type and raises nothing. A resource
that cannot be used is counted in `Rejects`, never lost silently. https://hl7.org/fhir/R4/
"""
