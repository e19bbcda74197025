# The servers that remote stores are tested against: an S3 that honours conditional writes, Microsoft's
# emulator of Azure Blob Storage, an S3 that ignores conditions, and a Postgres, once by itself and
# once behind a pooler.

server_pids=()

start_stores() {
    start_s3
    start_azure
    start_careless_s3
    start_postgres
}

stop_stores() {
    stop_postgres
    stop_servers
}

# npm_server NAME VERSION: installs a server of the npm registry, unless that very version is there.
npm_server() {
    local room=$here/target/$1
    if ! [ "$(cat "$room/installed.txt" 2>/dev/null)" = "$2" ]; then
        rm -rf "$room"
        mkdir -p "$room"
        npm install --prefix "$room" --no-audit --no-fund --ignore-scripts "$1@$2" >"$ground/$1-install.log" 2>&1 || {
            tail -n 30 "$ground/$1-install.log" >&2
            return 1
        }
        echo "$2" >"$room/installed.txt"
    fi
}

# wait_until NAME COMMAND...: until the command succeeds, as long as the server started last lives.
wait_until() {
    local name=$1 pid=${server_pids[-1]} waited=0
    until "${@:2}" 2>/dev/null; do
        waited=$((waited + 1))
        if [ "$waited" -gt 120 ] || ! kill -0 "$pid" 2>/dev/null; then
            echo "$name didn't answer; its last words:" >&2
            tail -n 30 "$ground/$name.log" >&2
            return 1
        fi
        sleep 0.25
    done
}

stop_servers() {
    local pid waited
    for pid in "${server_pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${server_pids[@]}"; do
        waited=0
        while kill -0 "$pid" 2>/dev/null && [ "$waited" -lt 40 ]; do
            waited=$((waited + 1))
            sleep 0.25
        done
        kill -9 "$pid" 2>/dev/null || true
    done
    server_pids=()
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_s3() {
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
    port=$(free_port)
    # Of the environment it gets what it needs: it reads many a variable, credentials included.
    env -i PATH="$PATH" HOME="$ground" TMPDIR="${TMPDIR:-/tmp}" \
        SERVICES=s3 EAGER_SERVICE_LOADING=1 SKIP_SSL_CERT_DOWNLOAD=1 DISABLE_EVENTS=1 \
        GATEWAY_LISTEN="127.0.0.1:$port" LOCALSTACK_HOST="127.0.0.1:$port" \
        setsid "$venv/bin/python" -m localstack.runtime.main </dev/null >"$ground/localstack.log" 2>&1 &
    server_pids+=($!)
    export SINDRI_TEST_S3=http://127.0.0.1:$port
    wait_until localstack make_bucket "$SINDRI_TEST_S3/sindri-test"
    echo "started an S3 server at $SINDRI_TEST_S3"
}

make_bucket() {
    python3 - "$1" <<'END'
import sys, urllib.request
put = urllib.request.Request(sys.argv[1], method="PUT")
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(put, timeout=10)
END
}

# Its account is `sindri`, with the key that the tests have too.
start_azure() {
    npm_server azurite 3.37.0
    local port
    port=$(free_port)
    env -i PATH="$PATH" HOME="$ground" TMPDIR="${TMPDIR:-/tmp}" AZURITE_ACCOUNTS=sindri:dGVzdA== \
        setsid node "$here/target/azurite/node_modules/azurite/dist/src/blob/main.js" --inMemoryPersistence \
        --blobHost 127.0.0.1 --blobPort "$port" --skipApiVersionCheck --disableTelemetry \
        </dev/null >"$ground/azurite.log" 2>&1 &
    server_pids+=($!)
    export SINDRI_TEST_AZURE=http://127.0.0.1:$port/sindri
    wait_until azurite make_container "$SINDRI_TEST_AZURE/sindri-test"
    echo "started an Azure server at $SINDRI_TEST_AZURE"
}

# Makes a container, as a request signed with the account's key.
make_container() {
    python3 - "$1" <<'END'
import base64, email.utils, hashlib, hmac, sys, urllib.parse, urllib.request
path = urllib.parse.urlsplit(sys.argv[1]).path
headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
lines = ["PUT"] + [""] * 11 + [f"{name}:{value}" for name, value in headers.items()]
lines += [f"/sindri{path}", "restype:container"]
sign = hmac.new(base64.b64decode("dGVzdA=="), "\n".join(lines).encode(), hashlib.sha256)
headers["Authorization"] = "SharedKey sindri:" + base64.b64encode(sign.digest()).decode()
put = urllib.request.Request(sys.argv[1] + "?restype=container", method="PUT", headers=headers)
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(put, timeout=10)
END
}

# answers ADDRESS: whether a server answers there, whatever it says.
answers() {
    python3 - "$1" <<'END'
import sys, urllib.error, urllib.request
try:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=10)
except urllib.error.HTTPError:
    pass
END
}

# It ignores the conditions of writes.
start_careless_s3() {
    npm_server s3rver 3.7.1
    local port room=$ground/s3rver
    port=$(free_port)
    rm -rf "$room"
    mkdir -p "$room"
    env -i PATH="$PATH" HOME="$ground" TMPDIR="${TMPDIR:-/tmp}" \
        setsid node "$here/target/s3rver/node_modules/s3rver/bin/s3rver.js" --directory "$room" \
        --address 127.0.0.1 --port "$port" --no-vhost-buckets --configure-bucket sindri-test \
        </dev/null >"$ground/s3rver.log" 2>&1 &
    server_pids+=($!)
    export SINDRI_TEST_CARELESS_S3=http://127.0.0.1:$port
    wait_until s3rver answers "$SINDRI_TEST_CARELESS_S3"
    echo "started an S3 server without conditions at $SINDRI_TEST_CARELESS_S3"
}

postgres_room=

# It refuses to be root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid postgres --regid postgres --clear-groups env PATH="$PATH:$(postgres_binaries)" "$@"
    else
        env PATH="$PATH:$(postgres_binaries)" "$@"
    fi
}

start_postgres() {
    local port pooled
    port=$(free_port)
    pooled=$(free_port)
    # Its user must reach it, and the names of sockets are short.
    postgres_room=$(mktemp -d /tmp/sindri-postgres.XXXXXX)
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -addext basicConstraints=critical,CA:FALSE \
        -keyout "$postgres_room/server.key" -out "$postgres_room/server.crt" 2>/dev/null
    chmod 600 "$postgres_room/server.key"
    echo test >"$postgres_room/password"
    cat >"$postgres_room/pgbouncer.ini" <<END
[databases]
* = host=$postgres_room port=$port user=sindri
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pooled
unix_socket_dir =
auth_type = any
pool_mode = transaction
logfile = $postgres_room/pgbouncer.log
pidfile = $postgres_room/pgbouncer.pid
END
    if [ "$(id -u)" = 0 ]; then chown -R postgres:postgres "$postgres_room"; fi
    chmod 755 "$postgres_room"
    (
        cd "$postgres_room"
        as_postgres initdb -D data -U sindri -A scram-sha-256 --auth-local=trust --pwfile=password --no-sync >initdb.log
        as_postgres pg_ctl -D data -w -l postgres.log -o "-k $postgres_room -p $port -c listen_addresses=127.0.0.1 \
            -c max_connections=300 -c fsync=off -c ssl=on \
            -c ssl_cert_file=$postgres_room/server.crt -c ssl_key_file=$postgres_room/server.key" start >start.log
        as_postgres createdb -h "$postgres_room" -p "$port" -U sindri sindri
        as_postgres pgbouncer -q -d pgbouncer.ini
    ) </dev/null 2>"$postgres_room/errors.log" || {
        tail -n 30 "$postgres_room"/*.log >&2
        return 1
    }
    export SINDRI_TEST_POSTGRES=127.0.0.1:$port SINDRI_TEST_POSTGRES_POOLED=127.0.0.1:$pooled
    export SINDRI_TEST_POSTGRES_ROOM=$postgres_room
    echo "started a Postgres at $SINDRI_TEST_POSTGRES, and a pooler at $SINDRI_TEST_POSTGRES_POOLED"
}

stop_postgres() {
    [ -n "$postgres_room" ] || return 0
    local pooler
    pooler=$(cat "$postgres_room/pgbouncer.pid" 2>/dev/null || true)
    if [ -n "$pooler" ]; then as_root kill "$pooler" 2>/dev/null || true; fi
    (cd "$postgres_room" && as_postgres pg_ctl -D data -m immediate stop >/dev/null 2>&1) || true
    as_root rm -rf "$postgres_room"
    postgres_room=
}
