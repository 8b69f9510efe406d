"""FHIR R4: bundles in, registry rows and records out."""
