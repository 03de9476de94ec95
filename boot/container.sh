# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# Functions for the image and the container, and `boot.sh run`.

CONTAINER=gcp-trainer
# Time limit in seconds for docker commands other than pull and stop. If it is exceeded, Docker is considered broken.
DOCKER_SECONDS=60

# pull_image: returns 0, or fails with the reason. It fails immediately if the image is missing, but waits for a missing
# grant.
pull_image() {
    local deadline left message delay=1 tries=0
    docker-credential-gcr configure-docker --registries "${IMAGE%%/*}" >"$STATE/pull.txt" 2>&1 ||
        fail "docker-credential-gcr could not be set up for ${IMAGE%%/*}: $(last_line "$STATE/pull.txt")"
    deadline=$(($(now) + PULL_SECONDS))
    while :; do
        left=$((deadline - $(now)))
        if [ "$left" -lt 1 ]; then left=1; fi
        await timeout --kill-after=5 "$left" docker pull "$IMAGE" >"$STATE/pull.txt" 2>&1
        case $? in
            (0) return 0 ;;
            (124 | 137)
                give_up TIMED_OUT "The image was not pulled within $PULL_SECONDS s: $IMAGE;" \
                    "check that the VM can reach ${IMAGE%%/*} (Private Google Access on the subnetwork)" \
                    "or make the image smaller"
                ;;
        esac
        message=$(last_line "$STATE/pull.txt")
        if by_perimeter "$message"; then fail_perimeter "docker says: $message"; fi
        case $(printf '%s' "$message" | lower) in
            (*denied* | *unauthorized* | *forbidden* | *unauthenticated* | *'no basic auth'*)
                if [ $(($(now) + delay)) -gt "$GRANTS_UNTIL" ]; then
                    fail "The VM's service account is not allowed to pull the image;" \
                        "grant it roles/artifactregistry.reader on the repository of $IMAGE (docker says: $message)"
                fi
                # The time limit starts once the pull is permitted.
                deadline=$(($(now) + delay + PULL_SECONDS))
                ;;
            (*'not found'* | *'manifest unknown'* | *'name unknown'*)
                fail "The image is not in the registry: $IMAGE;" \
                    "run pulumi up to build and push it again (docker says: $message)"
                ;;
            (*)
                tries=$((tries + 1))
                if [ "$tries" -ge 5 ] || [ $(($(now) + delay)) -gt "$deadline" ]; then
                    fail "The image could not be pulled: $message"
                fi
                ;;
        esac
        say "pull failed: $message; trying again in $delay s"
        await sleep "$delay"
        delay=$(smaller $((delay * 2)) 15)
    done
}

# This has never been tested on real hardware. The steps follow
# https://cloud.google.com/container-optimized-os/docs/how-to/run-gpus: install the driver, then make its programs
# executable, because /var is mounted noexec.
install_gpu_driver() {
    local tries=1
    say "installing the GPU driver"
    # The installer comes from gcr.io, which may not be reachable on the first try.
    until await cos-extensions install gpu >"$STATE/gpu.txt" 2>&1; do
        [ "$tries" -lt 3 ] ||
            fail "The GPU driver could not be installed: $(last_line "$STATE/gpu.txt");" \
                "check that the VM can reach gcr.io, and choose a gpuType and bootImage that" \
                "Container-Optimized OS has a driver for"
        say "no GPU driver yet: $(last_line "$STATE/gpu.txt"); trying again in $((tries * 5)) s"
        await sleep $((tries * 5))
        tries=$((tries + 1))
    done
    { mount --bind /var/lib/nvidia /var/lib/nvidia && mount -o remount,exec /var/lib/nvidia; } >"$STATE/gpu.txt" 2>&1 ||
        fail "The GPU driver could not be mounted: $(last_line "$STATE/gpu.txt")"
}

# memory_kib: prints the container's memory limit: the VM's memory minus 512 MiB, so that the kernel kills the trainer,
# rather than docker or this script, if memory runs out. Prints nothing if the size cannot be read.
memory_kib() {
    local key value rest total=
    [ -r /proc/meminfo ] || return 0
    while read -r key value rest; do
        if [ "$key" = MemTotal: ]; then total=$value; fi
    done </proc/meminfo
    : "${rest:-}"
    [ -n "$total" ] || return 0
    # On a very small VM, the trainer still gets at least half of the memory.
    if [ "$total" -lt 1048576 ]; then printf '%s' $((total / 2)); else printf '%s' $((total - 524288)); fi
}

# pids_limit: prints how many processes and threads the container may have. 256 per processor leaves room for a program
# that starts a process per processor, each with a thread per processor. A fork beyond the limit fails long before
# docker or this script runs out of processes.
pids_limit() {
    local processors
    processors=$(nproc 2>/dev/null) || processors=1
    if [ "$processors" -lt 16 ]; then processors=16; fi
    printf '%s' $((processors * 256))
}

# confine: appends docker options to `options` that restrict the container to what a trainer needs. See
# docs/adr/0010-a-confined-container.md.
confine() {
    local folder work
    options+=(--cap-drop ALL --security-opt no-new-privileges --pids-limit "$(pids_limit)")
    if [ "$WRITABLE_ROOT" = true ]; then return; fi
    options+=(--read-only)
    # These are volumes, which are on the disk, because files in a tmpfs would count towards the trainer's memory.
    # Docker fills a new volume from the image, so a home folder keeps the packages installed in it, and the working
    # folder keeps the program.
    for folder in /tmp /home /root; do options+=(--volume "$folder"); done
    work=$(timeout "$DOCKER_SECONDS" docker image inspect --format '{{.Config.WorkingDir}}' "$IMAGE" 2>/dev/null)
    case $work/ in
        (/ | // | *:* | /tmp/* | /home/* | /root/*) ;;
        (/*) options+=(--volume "$work") ;;
    esac
}

# docker_problem FILE: prints the last line of docker's output, without the hint that recent versions append.
docker_problem() {
    sed "/^Run 'docker .*--help'/d" "$1" >"$1.problem"
    last_line "$1.problem"
}

# The container gets docker's default network, through which it can reach the metadata server; it does not need access
# to the VM's ports. The container is kept after it ends, because the exit code and OOMKilled come from `docker
# inspect`.
start_container() {
    local options memory i
    # The disk may still hold the container from an earlier attempt.
    timeout "$DOCKER_SECONDS" docker rm --force --volumes "$CONTAINER" >/dev/null 2>&1
    options=(--detach --name "$CONTAINER" --log-driver json-file --log-opt max-size=64m --log-opt max-file=4)
    memory=$(memory_kib)
    if [ -n "$memory" ]; then
        keep memory-kib "$memory"
        options+=(--memory "${memory}k" --memory-swap "${memory}k")
        # Data loaders pass batches through /dev/shm, which counts as memory. Docker's default is 64 MB.
        options+=(--shm-size "$((memory / 2))k")
    fi
    if [ "$PRIVILEGED" = true ]; then options+=(--privileged); else confine; fi
    if [ "$GPU_COUNT" -gt 0 ]; then
        options+=(--volume /var/lib/nvidia/lib64:/usr/local/nvidia/lib64)
        options+=(--volume /var/lib/nvidia/bin:/usr/local/nvidia/bin)
        options+=(--device /dev/nvidiactl --device /dev/nvidia-uvm)
        for ((i = 0; i < GPU_COUNT; i++)); do options+=(--device "/dev/nvidia$i"); done
    fi
    for ((i = 0; i < ${#CONTAINER_ENV[@]}; i++)); do options+=(--env "${CONTAINER_ENV[i]}"); done
    # Without a value, this option makes docker take the variable's value from its own environment.
    for ((i = 0; i < ${#SECRETS[@]}; i++)); do options+=(--env "${SECRETS[i]%%=*}"); done
    if [ -n "${STORAGE_EMULATOR_HOST:-}" ]; then options+=(--env "STORAGE_EMULATOR_HOST=$STORAGE_EMULATOR_HOST"); fi
    if [ -n "${GCE_METADATA_HOST:-}" ]; then options+=(--env "GCE_METADATA_HOST=$GCE_METADATA_HOST"); fi
    options+=("$IMAGE")
    for ((i = 0; i < ${#ARGS[@]}; i++)); do options+=("${ARGS[i]}"); done

    if [ "${#SECRETS[@]}" -gt 0 ]; then read_secrets; fi
    keep run-since "$(now)"
    await with_environment ${SECRET_ENV[@]+"${SECRET_ENV[@]}"} -- \
        timeout "$DOCKER_SECONDS" docker run "${options[@]}" >/dev/null 2>"$STATE/run.txt" ||
        fail "docker could not start the container: $(docker_problem "$STATE/run.txt")"
    SECRET_ENV=()
}

# inspect_container: sets RUNNING (true, false), EXIT_CODE and OOM_KILLED (true, false). 1 = docker does not respond, or
# was stopped between creating the container and starting it. Such a container does not count as ended, although its
# exit code is 0.
inspect_container() {
    local answer status
    answer=$(timeout "$DOCKER_SECONDS" docker inspect --format \
        '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}' "$CONTAINER" 2>"$STATE/inspect.txt") || return 1
    read -r status EXIT_CODE OOM_KILLED <<<"$answer"
    case $status in
        (created)
            echo "the container was never started" >"$STATE/inspect.txt"
            return 1
            ;;
        (exited | dead) RUNNING=false ;;
        (*) RUNNING=true ;;
    esac
}

# Waits until the container has ended. `docker wait` also returns when docker restarts, so the container is inspected.
await_container() {
    local unanswered=0
    while [ "$unanswered" -lt 5 ]; do
        await docker wait "$CONTAINER" >/dev/null 2>&1
        if inspect_container; then
            [ "$RUNNING" = true ] || return 0
        else
            unanswered=$((unanswered + 1))
        fi
        await sleep 1
    done
    fail "docker no longer responds to queries about the container: $(last_line "$STATE/inspect.txt")"
}

# This is an external stop: the run's time limit, a preemption or a shutdown. `finish` runs next and stops the
# container, so that it is also stopped if this script is killed.
on_stop() {
    trap '' TERM
    local child
    for child in ${AWAITED:-} ${PUBLISHER:-} ${FOLLOWER:-}; do signal TERM "$child"; done
    exit 0
}

run() {
    if marked skip || marked lost || marked outcome-state; then exit 0; fi
    trap on_stop TERM
    start_container
    keep state RUNNING
    : >"$LOG"
    docker logs --follow "$CONTAINER" >>"$LOG" 2>&1 &
    FOLLOWER=$(identify $!)
    put_status $(($(now) + HEARTBEAT_SECONDS)) RUNNING
    case $? in
        (0) say "RUNNING: attempt $(recall attempt) of $RUN_ID" ;;
        (1) exit 0 ;;
        (2) say "RUNNING could not be written ($(http_problem)); the next heartbeat tries again" ;;
    esac
    start_publisher
    await_container
    # The follower ends once it has printed everything. If it hangs, `finish` reads the log again.
    until_gone "$FOLLOWER" 300 || signal KILL "$FOLLOWER"
    stop_publisher
    say "the container ended with exit code $EXIT_CODE"
    [ "$EXIT_CODE" = 0 ]
}
