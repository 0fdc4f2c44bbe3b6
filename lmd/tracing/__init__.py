"""Traces of requests, sent by OTLP over HTTP; only `lmd.tracing.export` imports OpenTelemetry."""
