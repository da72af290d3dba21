"""The northbound API: JSON over HTTP, described by OpenAPI 3.1, for everything that is not a CPE."""
