# Programs of others that what we make is held against: E2B's own client, a validator that knows the
# specifications of E2B and Fly.io, and the reader of dev containers that editors have.
# Without the specifications (`SINDRI_TEST_SPECS`, else `../shared/specs`) there is nothing to validate by.

prepare_clients() {
    prepare_npm devcontainers "@devcontainers/cli" 0.89.0
    local specs=${SINDRI_TEST_SPECS:-$here/../shared/specs}
    if ! [ -f "$specs/e2b.openapi.yml" ]; then
        echo "no specifications in $specs: our emulators of E2B and Fly.io aren't held against them"
        return
    fi
    prepare_npm prism "@stoplight/prism-cli" 5.14.2
    prepare_e2b
}

# prepare_npm ROOM PACKAGE VERSION: a program of npm's, in target/ROOM.
prepare_npm() {
    local room=$here/target/$1
    if ! [ "$(cat "$room/installed.txt" 2>/dev/null)" = "$3" ]; then
        rm -rf "$room"
        mkdir -p "$room"
        npm install --prefix "$room" --no-audit --no-fund --ignore-scripts "$2@$3" \
            >"$ground/$1-install.log" 2>&1 || {
            tail -n 30 "$ground/$1-install.log" >&2
            return 1
        }
        echo "$3" >"$room/installed.txt"
    fi
}

prepare_e2b() {
    local venv=$here/target/e2b
    local pins=$here/golden-tests/setup/e2b-requirements.txt
    if ! cmp -s "$pins" "$venv/installed.txt"; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$pins" >"$ground/e2b-install.log" 2>&1 || {
            tail -n 30 "$ground/e2b-install.log" >&2
            return 1
        }
        cp "$pins" "$venv/installed.txt"
    fi
}
