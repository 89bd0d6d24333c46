#!/usr/bin/env bash
# Builds and runs every test; the last line says "N passed, N failed".
#   tests/run.sh          under 15 minutes on 2 cores
#   tests/run.sh --full   also the long tests, 1 and 2 threads, and everything under address, undefined-behaviour and
#                         thread sanitizers
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/setup.sh
. scripts/setup.sh

full=false
case ${1:-} in
  "") ;;
  --full) full=true ;;
  *)
    printf 'usage: tests/run.sh [--full]\n' >&2
    exit 2
    ;;
esac

passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Adds up what the runners say about their test cases: Catch2's summaries, and "N passed, N failed" of `moonstill test`.
count_cases() {
  awk '
    { sub(/^[0-9]+: /, "") }
    /^All tests passed \(/ { for (i = 1; i <= NF; i++) if ($i == "test") passed += $(i - 1) }
    /^test cases: / {
      for (i = 1; i <= NF; i++) {
        if ($i == "passed") passed += $(i - 1)
        if ($i == "failed") failed += $(i - 1)
      }
    }
    /^[0-9]+ passed, [0-9]+ failed/ { passed += $1; failed += $3 }
    END { print passed + 0, failed + 0 }
  ' "$1"
}

# What failed, wherever in the log it says so, and the log's end.
show_failures() {
  grep -v '^$' "$1" | grep -B 6 -A 12 -E 'FAILED|ERROR: |runtime error|WARNING: ThreadSanitizer' | tail -n 120 || true
  printf -- '--- the end ---\n'
  grep -v '^$' "$1" | tail -n 20 || true
}

# step NAME COMMAND...: runs it, shows what failed, counts.
step() {
  local name=$1 code=0 begin=$SECONDS good bad
  shift
  "$@" >"$log" 2>&1 || code=$?
  read -r good bad < <(count_cases "$log")
  # What counts nothing is one test; and a failure that nobody counted (a crash) is one.
  if [ $code = 0 ] && [ $((good + bad)) = 0 ]; then good=1; fi
  if [ $code != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  passed=$((passed + good))
  failed=$((failed + bad))
  printf '%-44s %5d passed %3d failed %4d s\n' "$name" "$good" "$bad" $((SECONDS - begin))
  if [ "$bad" != 0 ]; then show_failures "$log"; fi
}

# must COMMAND...: a build that fails ends the run.
must() {
  "$@" || {
    printf '%d passed, %d failed\n' "$passed" $((failed + 1))
    exit 1
  }
}

install_packages "${build_packages[@]}" "${test_packages[@]}"

begin=$SECONDS
must configure build -DCMAKE_BUILD_TYPE=Release -DMOONSTILL_TESTS=ON -DMOONSTILL_BENCHMARKS=ON
must build build
printf 'built in %d s\n' $((SECONDS - begin))

# The engine, the bindings and the standard library; each benchmark once.
step "engine and Lua" ctest --test-dir build -V
step "selftest" build/moonstill --selftest
if command -v luacheck >/dev/null; then step "luacheck" luacheck -q stdlib scripts tests/lua tests/bench; fi

# sanitized SANITIZERS FOLDER TARGET...: builds them with assertions on.
sanitized() {
  local sanitizers=$1 folder=$2
  shift 2
  local begin=$SECONDS
  must configure "$folder" -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1" \
    "-DMOONSTILL_SANITIZE=$sanitizers" -DMOONSTILL_TESTS=ON
  must build "$folder" "$@"
  printf 'built with %s sanitizers in %d s\n' "$sanitizers" $((SECONDS - begin))
}

# Not detect_stack_use_after_return: g++ 12 then misaligns vectors of 64 bytes (GCC bug 110027).
export ASAN_OPTIONS=detect_stack_use_after_return=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1

if ! $full; then
  # What reads files of others, and what is written by hand for vector instructions.
  sanitized address,undefined build-sanitize test_core test_tensor test_data test_io
  step "sanitizers" ctest --test-dir build-sanitize -V -R '^(core|tensor|data|io)$'
else
  for threads in 1 2; do
    export MOONSTILL_THREADS=$threads
    for program in build/test_*; do step "${program#build/}, $threads threads" "$program" "[long],~[long]"; done
    step "Lua, $threads threads" build/moonstill test tests/lua
  done
  sanitized address,undefined build-sanitize
  sanitized thread build-threads
  step "engine and Lua, build-sanitize" ctest --test-dir build-sanitize -V
  # Of Lua, what computes: a program under this sanitizer hears no Ctrl-C while it runs plain Lua, for which others wait.
  step "engine, build-threads" ctest --test-dir build-threads -V -E '^(lua|editor)$'
  for name in coroutine distill layers lenet quantum simulator states train transforms; do
    step "$name, build-threads" build-threads/moonstill test "tests/lua/${name}_test.lua"
  done
fi

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
