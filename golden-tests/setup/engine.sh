# A Docker Engine that answers: the one that runs here, or one of our own.

engine_pid=
engine_run=

start_engine() {
    if docker info >/dev/null 2>&1; then
        echo "an Engine answers: $(docker version --format '{{.Server.Version}}')"
        return
    fi
    # Sockets have short names: their directory can't be below the checkout.
    engine_run=$(mktemp -d /tmp/sindri-engine.XXXXXX)
    as_root env PATH="$PATH:/usr/sbin:/sbin" setsid dockerd \
        --host "unix://$engine_run/docker.sock" --group "$(id -gn)" \
        --pidfile "$engine_run/pid" --exec-root "$engine_run/exec" --data-root "$ground/engine" \
        </dev/null >"$ground/dockerd.log" 2>&1 &
    export DOCKER_HOST=unix://$engine_run/docker.sock
    local waited=0
    until docker info >/dev/null 2>&1; do
        waited=$((waited + 1))
        if [ "$waited" -gt 240 ]; then
            echo "dockerd didn't answer within a minute; its last words:" >&2
            tail -n 30 "$ground/dockerd.log" >&2
            return 1
        fi
        sleep 0.25
    done
    engine_pid=$(cat "$engine_run/pid")
    echo "started an Engine: $(docker version --format '{{.Server.Version}}')"
}

stop_engine() {
    local status=$?
    [ -n "$engine_run" ] || return "$status"
    [ -n "$engine_pid" ] || engine_pid=$(cat "$engine_run/pid" 2>/dev/null || true)
    if [ -n "$engine_pid" ]; then
        docker ps -aq --filter label=dev.sindri.lineage | xargs -r docker rm -f >/dev/null 2>&1 || true
        as_root kill "$engine_pid" 2>/dev/null || true
        local waited=0
        while as_root kill -0 "$engine_pid" 2>/dev/null && [ "$waited" -lt 80 ]; do
            waited=$((waited + 1))
            sleep 0.25
        done
    fi
    as_root rm -rf "$engine_run"
    return "$status"
}
