"""The chart: what an EHR says of one patient, read under the token of one launch."""

from app.sources.ehr.adapter import Ehr

__all__ = ["Ehr"]
