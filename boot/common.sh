# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# Functions that read the configuration, share values between the processes of one boot, wait, and handle text.

# Prefix of this script's lines on the serial console.
say() {
    printf 'gcp-trainer: %s\n' "$*"
}

# The file contains NUL-separated pairs of name and value, because a value may contain any other character, including
# newlines.
read_config() {
    ARGS=()
    CONTAINER_ENV=()
    SECRETS=()
    local name value
    while IFS= read -r -d '' name && IFS= read -r -d '' value; do
        case $name in
            (bucket) BUCKET=$value ;;
            (runId) RUN_ID=$value ;;
            (image) IMAGE=$value ;;
            (datasetUri) DATASET_URI=$value ;;
            (maxRunSeconds) MAX_RUN_SECONDS=$value ;;
            (pullSeconds) PULL_SECONDS=$value ;;
            (uploadSeconds) UPLOAD_SECONDS=$value ;;
            (debugSeconds) DEBUG_SECONDS=$value ;;
            (maxAttempts) MAX_ATTEMPTS=$value ;;
            (privileged) PRIVILEGED=$value ;;
            (writableRoot) WRITABLE_ROOT=$value ;;
            (gpuCount) GPU_COUNT=$value ;;
            (grantSeconds) GRANT_SECONDS=$value ;;
            (heartbeatSeconds) HEARTBEAT_SECONDS=$value ;;
            (logSeconds) LOG_SECONDS=$value ;;
            (slowLogSeconds) SLOW_LOG_SECONDS=$value ;;
            (slowLogAfterSeconds) SLOW_LOG_AFTER_SECONDS=$value ;;
            (stopGraceSeconds) STOP_GRACE_SECONDS=$value ;;
            (minimumUptimeSeconds) MINIMUM_UPTIME_SECONDS=$value ;;
            (sweepId) SWEEP_ID=$value ;;
            (sweepMetric) SWEEP_METRIC=$value ;;
            (sweepGoal) SWEEP_GOAL=$value ;;
            (sweepColumns) SWEEP_COLUMNS=$value ;;
            (maxFailedTasks) MAX_FAILED_TASKS=$value ;;
            (arg) ARGS[${#ARGS[@]}]=$value ;;
            (env) CONTAINER_ENV[${#CONTAINER_ENV[@]}]=$value ;;
            # NAME=projects/PROJECT/secrets/SECRET/versions/NUMBER
            (secret) SECRETS[${#SECRETS[@]}]=$value ;;
            (*)
                say "$1 contains the unknown name '$name'"
                exit 78
                ;;
        esac
    done <"$1"
    RUN_PREFIX=runs/${RUN_ID:-}
}

# keep NAME VALUE: stores a value for the other processes. The file is renamed into place, so that none of them reads a
# partial value.
keep() {
    printf '%s' "$2" >"$STATE/$1.new.$ROLE" && mv -f "$STATE/$1.new.$ROLE" "$STATE/$1"
}

# recall NAME [DEFAULT]: prints the value.
recall() {
    if [ -f "$STATE/$1" ]; then cat "$STATE/$1"; else printf '%s' "${2:-}"; fi
}

marked() {
    [ -f "$STATE/$1" ]
}

now() {
    date +%s
}

timestamp() {
    date -u +%Y-%m-%dT%H:%M:%SZ
}

# start_time PID: prints the start time of a process in kernel ticks. Prints nothing if the process is gone or if /proc
# does not exist, as on macOS. The name, in parentheses, may contain spaces; the start is field 22.
start_time() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    # shellcheck disable=SC2086 # the fields are split into words on purpose
    set -- ${stat##*) }
    printf '%s' "${20:-}"
}

# identify PID: prints PID and start time, because a PID alone may identify another process later.
identify() {
    printf '%s@%s' "$1" "$(start_time "$1")"
}

# signal NAME IDENTITY: signals a process if it is still the one that was identified; 1 = it is gone. Never signals 0, 1
# or negative numbers, because 1 is the machine's first process, and `kill` takes the others to mean process groups.
signal() {
    local pid=${2%%@*}
    case $pid in
        ('' | *[!0-9]* | ????????????*) return 1 ;;
    esac
    [ "$pid" -gt 1 ] && [ "$(start_time "$pid")" = "${2#*@}" ] && kill "-$1" "$pid" 2>/dev/null
}

# await COMMAND...: runs a long command in the background, because bash runs a trap only between commands.
await() {
    "$@" &
    AWAITED=$(identify $!)
    wait $! 2>/dev/null
    local code=$?
    AWAITED=
    return $code
}

# nap SECONDS: sleeps until the time is up or a trap has run, and leaves no process behind.
nap() {
    local sleeper
    sleep "$1" >/dev/null 2>&1 &
    sleeper=$(identify $!)
    wait $! 2>/dev/null
    signal TERM "$sleeper"
    return 0
}

# until_gone IDENTITY SECONDS: waits for a process to end, even if it is not a child; 1 = it is still running.
until_gone() {
    local tenths=$(($2 * 10))
    while signal 0 "$1"; do
        [ "$tenths" -gt 0 ] || return 1
        tenths=$((tenths - 1))
        sleep 0.1
    done
    return 0
}

smaller() {
    if [ "$1" -lt "$2" ]; then printf '%s' "$1"; else printf '%s' "$2"; fi
}

lower() {
    tr '[:upper:]' '[:lower:]'
}

# shorten TEXT BYTES: truncates text at a character boundary, because invalid UTF-8 would result in invalid JSON.
shorten() {
    local text=$1
    # The text may be the end of a longer one, and may therefore begin in the middle of a character.
    while [ -n "$text" ]; do
        case $text in
            ([$'\x80'-$'\xbf']*) text=${text#?} ;;
            (*) break ;;
        esac
    done
    if [ "${#text}" -gt "$2" ]; then
        text=${text:0:$2}
        while :; do
            case $text in
                (*[$'\x80'-$'\xbf']) text=${text%?} ;;
                (*[$'\xc0'-$'\xff'])
                    text=${text%?}
                    break
                    ;;
                (*) break ;;
            esac
        done
        text="$text..."
    fi
    printf '%s' "$text"
}

# last_line FILE: prints the last line that is not blank, shortened to fit into a sentence.
last_line() {
    local line last=
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
            (*[![:space:]]*) last=$line ;;
        esac
    done < <(tail -c 4096 "$1" 2>/dev/null | tr -d '\000')
    shorten "${last%$'\r'}" 300
}

# json_text TEXT: prints a JSON string with its quotes. UTF-8 passes unchanged.
json_text() {
    local text=$1 out='' char code i
    for ((i = 0; i < ${#text}; i++)); do
        char=${text:i:1}
        case $char in
            ('"') out="$out\\\"" ;;
            (\\) out="$out\\\\" ;;
            ([[:cntrl:]])
                printf -v code '\\u%04x' "'$char"
                out=$out$code
                ;;
            (*) out=$out$char ;;
        esac
    done
    printf '"%s"' "$out"
}

# url_text TEXT: percent-encodes an object name, including slashes.
url_text() {
    local text=$1 out='' char code i
    for ((i = 0; i < ${#text}; i++)); do
        char=${text:i:1}
        case $char in
            ([a-zA-Z0-9._~-]) out=$out$char ;;
            (*)
                printf -v code '%d' "'$char"
                # Some systems print a byte above 127 as a negative number.
                printf -v code '%%%02X' "$((code & 255))"
                out=$out$code
                ;;
        esac
    done
    printf '%s' "$out"
}
