#!/usr/bin/env bash
# peers.sh FOLDER PACKAGE...: unpacks Debian packages, with the libraries they need, below FOLDER. Installs nothing on the system.
# A package that cannot be had is named and left out: the tests that need it report themselves as skipped.
set -uo pipefail
folder=$1
shift
mkdir -p "$folder/archives"
for package in "$@"; do
    [ -e "$folder/.have-$package" ] && continue
    if ! apt-cache show "$package" >/dev/null 2>&1; then
        sudo=""
        [ "$(id -u)" = 0 ] || sudo=sudo
        $sudo apt-get update -qq >/dev/null 2>&1
    fi
    # The package and what it depends on, less what is installed already.
    wanted=$(apt-get install -y --no-install-recommends --print-uris -qq "$package" 2>/dev/null | cut -d' ' -f2 | sed 's/_.*//')
    case " $wanted " in *"$package"*) ;; *) wanted="$package $wanted" ;; esac
    (cd "$folder/archives" && for name in $wanted; do
        apt-get download -qq "$name" >/dev/null 2>&1 || continue
    done)
    found=no
    for archive in "$folder"/archives/*.deb; do
        [ -e "$archive" ] || continue
        dpkg -x "$archive" "$folder" && found=yes
        rm -f "$archive"
    done
    if [ "$found" = yes ]; then touch "$folder/.have-$package"; else echo "peers: $package is not to be had here" >&2; fi
done
exit 0
