# E2B's own client and a validator that knows E2B's specification, to hold our emulator of E2B against.
# Without the specification (`SINDRI_TEST_SPECS`, else `../shared/specs`) there is nothing to validate by.

prepare_e2b() {
    local specs=${SINDRI_TEST_SPECS:-$here/../shared/specs}
    if ! [ -f "$specs/e2b.openapi.yml" ]; then
        echo "no E2B specification in $specs: our emulator of E2B isn't held against E2B's own clients"
        return
    fi
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
    local room=$here/target/prism
    local version=5.14.2
    if ! [ "$(cat "$room/installed.txt" 2>/dev/null)" = "$version" ]; then
        rm -rf "$room"
        mkdir -p "$room"
        npm install --prefix "$room" --no-audit --no-fund --ignore-scripts "@stoplight/prism-cli@$version" \
            >"$ground/prism-install.log" 2>&1 || {
            tail -n 30 "$ground/prism-install.log" >&2
            return 1
        }
        echo "$version" >"$room/installed.txt"
    fi
}
