"""From YAML files to the configuration of the host and of each client."""
