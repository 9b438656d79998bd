#!/usr/bin/env bash
# Our forecasts beside those of statsforecast and Prophet: accuracy, coverage and time in one run.
# bench/forecast/peers.sh [--quick] [--all] [--shared FOLDER]      see peers.py --help
# The first time it installs the peers from PyPI into build/peers (about 700 MB); what cannot be
# installed is left out, and the output says so.
set -euo pipefail
cd "$(dirname "$0")/../.."
environment=${TIDEWRIGHT_PEERS_DIR:-build/peers}
if [ ! -x "$environment/bin/pip" ]; then
  python3 -m venv "$environment" || {
    echo "peers: python3 -m venv failed: install python3-venv" >&2
    exit 1
  }
fi
for package in statsforecast==2.1.1 prophet==1.5.0; do
  "$environment/bin/pip" show --quiet "${package%%==*}" >/dev/null 2>&1 ||
    "$environment/bin/pip" install --quiet "$package" ||
    echo "peers: $package could not be installed" >&2
done
exec nice -n 10 "$environment/bin/python" -B bench/forecast/peers.py "$@"
