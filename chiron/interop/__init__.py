"""Translators to and from the outside: FHIR now, HL7 v2 and DICOM later. It owns no table."""
