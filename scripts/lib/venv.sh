# The checkout's virtual environment: made if there is none, kept up to date, used without being activated.
# Sourced by the scripts beside this folder, after they have set `root` to the checkout's top folder.
#
#   ensure_venv        .venv can run pycluster
#   ensure_venv dev    and the tests as well
#
# A stamp in .venv holds names, sizes and times of all that goes into the build. While it is true, nothing is done
# and a start costs one `find` more than Python itself; new and changed Python files need no build.

venv="$root/.venv"
python="$venv/bin/python"
# PyO3 asks this interpreter, and builds anew when it is another one: cargo, clippy and pip have to agree.
export PYO3_PYTHON="$python"

fail() {
    echo "pycluster: $*" >&2
    exit 2
}

ensure_venv() {
    local extra="${1:-}" state
    state="$(build_state)"
    if is_current "$extra" "$state"; then
        return
    fi
    check_tools
    # One builder at a time; whoever waited finds the work done. The lock is the folder itself, and ends with us.
    exec 9<"$root"
    flock 9
    if ! is_current "$extra" "$state"; then
        # An environment that has what the tests need keeps it when only the engine has changed.
        if [[ -r "$venv/pycluster.stamp" && "$(head -n 1 "$venv/pycluster.stamp")" == dev ]]; then
            extra=dev
        fi
        build "$extra" "$state"
    fi
    exec 9<&-
}

# All that goes into the extension modules and the environment, one line a file.
build_state() {
    (
        cd "$root"
        find pyproject.toml Cargo.toml Cargo.lock node/engine bench/loadgen \
            \( -name target -o -name fuzz -o -name tests \) -prune -o \
            -type f \( -name '*.rs' -o -name '*.toml' -o -name '*.lock' -o -name '*.lua' \) \
            -printf '%p %s %T@\n' 2>/dev/null || true
    )
}

# The stamp is the extra ("dev" or nothing), then the state; what serves the tests serves the rest.
is_current() {
    local extra="$1" state="$2" stamp="$venv/pycluster.stamp" content
    [[ -x "$python" && -r "$stamp" ]] || return 1
    content="$(<"$stamp")"
    [[ "$content" == "dev"$'\n'"$state" || ( -z "$extra" && "$content" == $'\n'"$state" ) ]]
}

check_tools() {
    find_python || fail "Python 3.11 or later is missing: install it (Debian: apt install python3 python3-venv)"
    "$base_python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$base_python has no venv module: install it (Debian: apt install python3-venv)"
    command -v cargo >/dev/null || export PATH="$PATH:$HOME/.cargo/bin"
    command -v cargo >/dev/null || fail "a Rust toolchain is missing: install it from https://rustup.rs"
    command -v cc >/dev/null || fail "a C compiler is missing: install it (Debian: apt install gcc libc6-dev)"
}

find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            base_python="$candidate"
            return 0
        fi
    done
    return 1
}

build() {
    local extra="$1" state="$2" log="$root/build/install.log" started=$SECONDS
    mkdir -p "$root/build"
    rm -f "$venv/pycluster.stamp"
    echo "pycluster: building${extra:+ (with what the tests need)}; the first time takes some minutes" >&2
    if ! { make_venv && install "$extra"; } >"$log" 2>&1 9<&-; then
        tail -n 30 "$log" >&2
        fail "the build failed; all of its output is in $log"
    fi
    printf '%s\n%s\n' "$extra" "$state" >"$venv/pycluster.stamp"
    echo "pycluster: built in $((SECONDS - started)) s" >&2
}

make_venv() {
    [[ -x "$python" ]] && "$python" -m pip --version && return
    rm -rf "$venv"
    "$base_python" -m venv "$venv"
}

install() {
    local extra="$1"
    # Without isolation the build uses this environment: cargo then sees one interpreter always and keeps its work.
    "$python" -m pip install --quiet "setuptools>=77" "setuptools-rust>=1.11" &&
        (cd "$root" && "$python" -m pip install --no-build-isolation --editable ".${extra:+[$extra]}")
}
