# The servers that remote stores are tested against: an S3 that honours conditional writes.

localstack_pid=

start_stores() {
    local venv=$here/target/localstack
    local pins=$here/golden-tests/setup/localstack-requirements.txt
    if ! cmp -s "$pins" "$venv/installed.txt"; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$pins" >"$ground/localstack-install.log" 2>&1 || {
            tail -n 30 "$ground/localstack-install.log" >&2
            return 1
        }
        cp "$pins" "$venv/installed.txt"
    fi
    local port
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    # Of the environment it gets what it needs: it reads many a variable, credentials included.
    env -i PATH="$PATH" HOME="$ground" TMPDIR="${TMPDIR:-/tmp}" \
        SERVICES=s3 EAGER_SERVICE_LOADING=1 SKIP_SSL_CERT_DOWNLOAD=1 DISABLE_EVENTS=1 \
        GATEWAY_LISTEN="127.0.0.1:$port" LOCALSTACK_HOST="127.0.0.1:$port" \
        setsid "$venv/bin/python" -m localstack.runtime.main </dev/null >"$ground/localstack.log" 2>&1 &
    localstack_pid=$!
    export SINDRI_TEST_S3=http://127.0.0.1:$port
    local waited=0
    until "$venv/bin/python" - "$SINDRI_TEST_S3" 2>/dev/null <<'END'; do
import sys, urllib.request
put = urllib.request.Request(sys.argv[1] + "/sindri-test", method="PUT")
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(put, timeout=10)
END
        waited=$((waited + 1))
        if [ "$waited" -gt 120 ] || ! kill -0 "$localstack_pid" 2>/dev/null; then
            echo "the S3 server didn't answer; its last words:" >&2
            tail -n 30 "$ground/localstack.log" >&2
            return 1
        fi
        sleep 0.25
    done
    echo "started an S3 server at $SINDRI_TEST_S3"
}

stop_stores() {
    [ -n "$localstack_pid" ] || return 0
    kill "$localstack_pid" 2>/dev/null || true
    local waited=0
    while kill -0 "$localstack_pid" 2>/dev/null && [ "$waited" -lt 40 ]; do
        waited=$((waited + 1))
        sleep 0.25
    done
    kill -9 "$localstack_pid" 2>/dev/null || true
    localstack_pid=
}
