#!/usr/bin/env bash
# Test suites that others wrote, run under Stratal: serde_json's and regex's from crates.io, and those of the standard
# library's collections from rust-src, where rustup has it. Each runs twice: with Stratal as its global allocator, and
# unchanged under libstratal_malloc.so. Some ten minutes on two cores; needs the registry. Arguments: which suites.
#
#   tests/campaign/suites.sh [serde_json] [regex] [alloctests]
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
room=$root/target/campaign
suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=(serde_json regex alloctests)
host=$(rustc -vV | sed -n 's/^host: //p')
runner=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<< "$host")_RUNNER

cargo build --release --locked --package stratal-preload
library=$root/target/release/libstratal_malloc.so

# The sources of a crate, of the version that the campaign was last green with.
fetch() {
  local folder=$room/fetch
  mkdir -p "$folder/src"
  printf '[package]\nname = "fetch"\nedition = "2024"\n[workspace]\n[dependencies]\n%s = "=%s"\n' "$1" "$2" > "$folder/Cargo.toml"
  touch "$folder/src/lib.rs"
  cargo vendor --quiet --manifest-path "$folder/Cargo.toml" "$room/vendor" > /dev/null
  cp -r "$room/vendor/$1" "$room/$1"
  printf '\n[workspace]\n' >> "$room/$1/Cargo.toml"
}

# Makes Stratal the allocator of a package's tests: the roots of its test crates are the other arguments.
install() {
  local package=$1
  shift
  sed -i "0,/^\[dev-dependencies/s||[dev-dependencies.stratal-runtime]\npath = \"$root/runtime\"\n\n[dev-dependencies|" "$package/Cargo.toml"
  for source in "$@"; do
    printf '\n#[cfg(test)]\n#[global_allocator]\nstatic STRATAL: stratal_runtime::Stratal = stratal_runtime::Stratal::new();\n' >> "$source"
  done
}

# Runs a package's tests and prints what they say; the other arguments go to cargo.
run() {
  local package=$1 how=$2
  shift 2
  echo "=== $package, $how"
  cargo test --quiet --no-fail-fast --manifest-path "$room/$package/Cargo.toml" --target-dir "$room/target" "$@"
}

both() {
  local package=$1
  shift
  env "$runner=env LD_PRELOAD=$library" bash -c "$(declare -f run); room='$room' run $package preloaded $*"
  # shellcheck disable=SC2046 # roots are paths without blanks
  install "$room/$package" $(roots "$room/$package")
  run "$package" 'as global allocator' "$@"
}

# The files that become a test crate each.
roots() {
  local package=$1
  case $(basename "$package") in
    serde_json) ls "$package"/src/lib.rs "$package"/tests/*.rs ;;
    regex) ls "$package"/src/lib.rs "$package"/tests/lib.rs ;;
    alloctests) ls "$package"/lib.rs "$package"/tests/lib.rs ;;
  esac
}

mkdir -p "$room"
rm -rf "$room"/{serde_json,regex,alloctests,alloc,vendor}
for suite in "${suites[@]}"; do
  case $suite in
    serde_json)
      fetch serde_json 1.0.154
      # Doctests and macro messages belong to the compiler, not to the allocator.
      both serde_json --lib --tests --features raw_value,arbitrary_precision,preserve_order,float_roundtrip,unbounded_depth
      ;;
    regex)
      fetch regex 1.13.1
      # The package leaves these files of its tests out.
      sed -i '/^mod fuzz;/d; /load!("fowler/d' "$room/regex/tests/lib.rs"
      both regex --lib --tests
      ;;
    alloctests)
      library_sources=$(rustc --print sysroot)/lib/rustlib/src/rust/library
      if [ ! -d "$library_sources/alloctests" ]; then
        echo "SKIPPED: no sources of the standard library (rustup component add rust-src)"
        continue
      fi
      cp -r "$library_sources"/alloctests "$library_sources"/alloc "$room"
      printf '\n[workspace]\n' >> "$room/alloctests/Cargo.toml"
      # The library's tests use what the library may use.
      export RUSTC_BOOTSTRAP=1
      both alloctests --lib --tests
      ;;
  esac
done
