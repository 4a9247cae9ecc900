"""The default rules of a client, all driven by YAML: filters, deduplication, mapping."""
