#!/usr/bin/env bash
# Measures everything on this machine and prints one table; figures go to build-bench/results/bench.json as well.
# Some 13 minutes with the peers on 2 cores, when nothing else runs. Peers (PennyLane, PyTorch, qulacs, qsim,
# TensorCircuit) run where ${PYTHON:-python3} has their packages.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/setup.sh
. scripts/setup.sh

[ $# -eq 0 ] || {
  printf 'usage: tests/bench/run.sh\n' >&2
  exit 2
}

install_packages "${build_packages[@]}" "${bench_packages[@]}"
folder=build-bench
configure "$folder" -DCMAKE_BUILD_TYPE=Release -DMOONSTILL_BENCHMARKS=ON
build "$folder" moonstill benchmarks
results=$folder/results
mkdir -p "$results"
rm -f "$results"/*

for program in "$folder"/*_bench; do
  name=$(basename "$program" _bench)
  printf '%s\n' "$name" >&2
  "$program" --benchmark_out="$results/$name.json" --benchmark_out_format=json >"$results/$name.txt" 2>&1 || {
    cat "$results/$name.txt" >&2
    exit 1
  }
done
measure() { # NAME OUTPUT ARGUMENT...
  printf '%s\n' "$2" >&2
  "$folder/moonstill" run "tests/bench/$1.lua" "${@:3}" >"$results/$2.jsonl"
}
measure made_by made_by
measure lenet lenet
measure lenet lenet_f64 --dtype f64
measure curves curves
printf 'peers\n' >&2
"${PYTHON:-python3}" tests/bench/peers.py >"$results/peers.jsonl" ||
  printf '{"peer": "all further ones", "absent": "%s failed"}\n' "${PYTHON:-python3}" >>"$results/peers.jsonl"
"$folder/moonstill" run tests/bench/report.lua --folder "$results" --json "$results/bench.json"
