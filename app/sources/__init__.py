"""What EHRs and payers say, read over HTTP and put into the words of `app.core`. Knows nothing of Flask or the store.

`ehr` and `payer` are the adapters; everything else here is what both stand on. An adapter answers `Known` or `Unknown`
and never raises for trouble of the other side.
"""
