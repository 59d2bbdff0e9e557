#!/usr/bin/env bash
# Runs fuzz targets one after the other: run.sh BINARY SECONDS [TARGET…]. What crashed one is kept beside the binary and named.
set -euo pipefail
binary=$(realpath "$1")
seconds=$2
shift 2
[ $# -gt 0 ] || mapfile -t targets < <(VARDE_FUZZ_LIST=1 "$binary")
[ $# -eq 0 ] || targets=("$@")
work=$(dirname "$binary")/fuzz
mkdir -p "$work/crashes"
failed=0
for target in "${targets[@]}"; do
    mkdir -p "$work/$target"
    VARDE_FUZZ_TARGET=$target VARDE_FUZZ_SEEDS="$work/$target" "$binary"
    if VARDE_FUZZ_TARGET=$target "$binary" "$work/$target" -max_total_time="$seconds" -rss_limit_mb=3000 -timeout=20 -max_len=4096 \
        -detect_leaks=0 -verbosity=0 -print_final_stats=1 -artifact_prefix="$work/crashes/$target-" >"$work/$target.log" 2>&1; then
        echo "$target: $(sed -n 's/^stat::number_of_executed_units: //p' "$work/$target.log") inputs, none broke it"
    else
        failed=1
        echo "$target: broken, see $work/$target.log"
        grep -m 3 -E "Fatal error|ERROR|Test unit written" "$work/$target.log" || true
    fi
done
exit $failed
