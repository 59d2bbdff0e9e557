#!/usr/bin/env bash
# python.sh FOLDER: other people's Python clients that tests talk to, in an environment of their own at FOLDER/python.
# Where they cannot be had that is said, and the tests that need them report themselves as skipped.
set -uo pipefail
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
mark=$folder/.have-$(cksum "$here/python-clients.txt" | cut -d' ' -f1)
[ -e "$mark" ] && exit 0
mkdir -p "$folder"
rm -rf "$folder/python"
{ python3 -m venv "$folder/python" && "$folder/python/bin/pip" install -q --disable-pip-version-check -r "$here/python-clients.txt"; } \
    >"$folder/python.log" 2>&1 && touch "$mark" && exit 0
rm -rf "$folder/python"
echo "peers: Python's clients are not to be had here: $(tail -n 1 "$folder/python.log")" >&2
exit 0
