#!/bin/sh
# Runs regbridge as the service would: as its account, with its variables and its configuration.
# Written by `regbridge deploy systemd`. For root: sudo {{ name | plain }} check
set -eu

REGBRIDGE_CONFIGS={{ configs | shell }}
export REGBRIDGE_CONFIGS
exec runuser -u {{ name | shell }} -- {{ program | shell }} --variables {{ environment_file | shell }} "$@"
