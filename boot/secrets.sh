# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# The secret variables of the container's environment. Their values come from Secret Manager and are only ever held in
# memory: in this script's variables, in the unit's runtime directory, and in docker's environment.
# https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access

SECRET_MANAGER=${SECRET_MANAGER_EMULATOR_HOST:-https://secretmanager.googleapis.com}
case $SECRET_MANAGER in
    (http://* | https://*) ;;
    (*) SECRET_MANAGER=http://$SECRET_MANAGER ;;
esac
SECRET_MANAGER=${SECRET_MANAGER%/}

# Maximum time in seconds for reading the values when the container is about to start.
SECRETS_SECONDS=120

# read_secret DEADLINE NAME VERSION: sets SECRET_VALUE, or fails with the reason. Checking the payload's CRC32C would be
# too slow in bash, so the payload is read until two consecutive responses are the same.
read_secret() {
    local file=$STATE/secret.$ROLE size md5='' before
    SECRET_VALUE=
    while :; do
        request "$1" GET "$SECRET_MANAGER/v1/$3:access"
        [ "$HTTP_CODE" = 200 ] || fail_secret "$2" "$3"
        # A payload is never empty, so a response without one does not come from Secret Manager.
        if decode_payload <"$RESPONSE" >"$file" 2>/dev/null && [ -s "$file" ]; then
            before=$md5
            md5=$(md5_of "$file")
            [ "$md5" != "$before" ] || break
            if [ -z "$before" ] || [ "$(now)" -lt "$1" ]; then continue; fi
        fi
        if [ "$(now)" -ge "$1" ]; then
            rm -f "$RESPONSE" "$file"
            fail "The response about the secret version $3 for the variable $2 has no payload; run pulumi up"
        fi
        nap 1
    done
    rm -f "$RESPONSE"
    size=$(($(wc -c <"$file")))
    # Unlike $(...), `read` keeps trailing newlines, but it stops at a NUL.
    IFS= read -r -d '' SECRET_VALUE <"$file"
    rm -f "$file"
    [ "${#SECRET_VALUE}" -eq "$size" ] ||
        fail "The secret version $3 contains a NUL character, which the environment variable $2 cannot contain;" \
            "store it as base64 and let the trainer decode it"
}

# decode_payload: reads a response to `:access` from standard input and decodes its payload.
decode_payload() {
    tr -d '\r\n' | sed -n 's/\\u003d/=/g;s/.*"data" *: *"\([^"]*\)".*/\1/p' | base64 -d
}

# fail_secret NAME VERSION: gives up after a failed request.
fail_secret() {
    local problem other="choose another version in secretEnv, and run pulumi up --refresh"
    problem=$(http_problem)
    if by_perimeter "$problem"; then fail_perimeter "$problem"; fi
    case $HTTP_CODE:$problem in
        (403:*'authentication scopes'*)
            fail "The VM is not allowed to use Secret Manager for the variable $1 ($problem);" \
                "it needs the access scope https://www.googleapis.com/auth/cloud-platform: run pulumi up"
            ;;
        (401:* | 403:*)
            fail "The VM's service account is not allowed to read the secret of the variable $1 ($problem);" \
                "grant it roles/secretmanager.secretAccessor on ${2%/versions/*} and run pulumi up"
            ;;
        (404:*) fail "The secret version $2 for the variable $1 does not exist ($problem); $other" ;;
        (400:*) fail "The secret version $2 for the variable $1 cannot be read ($problem); enable it, or $other" ;;
        (*) fail "The secret version $2 for the variable $1 could not be read: $problem" ;;
    esac
}

# Waits for the grants before the image is pulled. The values are read again when the container starts, so that they are
# not kept in the meantime.
check_secrets() {
    local i
    for ((i = 0; i < ${#SECRETS[@]}; i++)); do
        read_secret "$GRANTS_UNTIL" "${SECRETS[i]%%=*}" "${SECRETS[i]#*=}"
    done
    SECRET_VALUE=
}

# SECRET_ENV: NAME=VALUE for each secret variable.
read_secrets() {
    local i
    SECRET_ENV=()
    for ((i = 0; i < ${#SECRETS[@]}; i++)); do
        read_secret $(($(now) + SECRETS_SECONDS)) "${SECRETS[i]%%=*}" "${SECRETS[i]#*=}"
        SECRET_ENV[i]=${SECRETS[i]%%=*}=$SECRET_VALUE
    done
    SECRET_VALUE=
}

# with_environment NAME=VALUE... -- COMMAND...: runs a command with these variables. It is for use with `await`, because
# the command replaces the shell. Arguments are visible in the list of processes, but the environment of a process is
# visible only to its owner. This function does not use any variable, because a secret may have the same name. It unsets
# each name first, because bash does not export arrays.
with_environment() {
    while [ "$1" != -- ]; do
        unset -v "${1%%=*}"
        export "${1?}"
        shift
    done
    shift
    exec "$@"
}

# Docker's record of a container includes its environment.
forget_secrets() {
    if [ "${#SECRETS[@]}" -gt 0 ]; then timeout "$DOCKER_SECONDS" docker rm --force --volumes "$CONTAINER" >/dev/null 2>&1; fi
}
