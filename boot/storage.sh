# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# The metadata server and Cloud Storage's JSON API, through curl.
# https://cloud.google.com/compute/docs/metadata/overview, https://cloud.google.com/storage/docs/json_api/v1

METADATA=http://${GCE_METADATA_HOST:-169.254.169.254}/computeMetadata/v1
STORAGE=${STORAGE_EMULATOR_HOST:-https://storage.googleapis.com}
case $STORAGE in
    (http://* | https://*) ;;
    (*) STORAGE=http://$STORAGE ;;
esac
STORAGE=${STORAGE%/}

# Suffix of the scratch files: the script and its publisher work at the same time.
ROLE=main
# 1 once this process has been asked to end: then it retries nothing.
STOPPING=0
# Time limit of one HTTP request, in seconds.
HTTP_SECONDS=30
# Second of the epoch until which a 401 or 403 counts as a grant that has not arrived yet; 0 = never.
GRANTS_UNTIL=0

# curl_to FILE ARGUMENTS...: sets HTTP_CODE; 000 = no complete answer.
curl_to() {
    local output=$1
    shift
    : >"$output"
    # After a timeout in the middle of a body http_code is 200: only curl's exit status shows it.
    HTTP_CODE=$(curl --silent --show-error --connect-timeout 5 --max-time "$HTTP_SECONDS" \
        --output "$output" --write-out '%{http_code}' "$@" 2>"$STATE/curl-error.$ROLE") || HTTP_CODE=000
}

# metadata PATH: prints the value, or nothing if it does not exist.
metadata() {
    curl_to "$STATE/metadata.$ROLE" --header 'Metadata-Flavor: Google' "$METADATA/$1"
    [ "$HTTP_CODE" = 200 ] && cat "$STATE/metadata.$ROLE"
}

# curl reads the token from a file, because an argument would appear in the list of processes.
authorize() {
    local token seconds
    if [ -f "$STATE/token-header" ] && [ "$(now)" -lt "$(recall token-until 0)" ]; then return 0; fi
    curl_to "$STATE/token.$ROLE" --header 'Metadata-Flavor: Google' "$METADATA/instance/service-accounts/default/token"
    if [ "$HTTP_CODE" != 200 ]; then
        say "the metadata server gives no token (HTTP $HTTP_CODE): is a service account attached to the VM?"
        return 1
    fi
    token=$(sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p' "$STATE/token.$ROLE")
    seconds=$(sed -n 's/.*"expires_in" *: *\([0-9]*\).*/\1/p' "$STATE/token.$ROLE")
    rm -f "$STATE/token.$ROLE"
    keep token-header "Authorization: Bearer $token"
    keep token-until $(($(now) + ${seconds:-0} - 60))
}

# request DEADLINE METHOD URL [BODY_FILE CONTENT_TYPE]: sets HTTP_CODE; the body goes to $RESPONSE. Transient errors (no
# connection, 408, 429, 5xx) are retried until DEADLINE, a missing grant until GRANTS_UNTIL.
request() {
    local deadline=$1 method=$2 url=$3 body=${4:-} type=${5:-} limit delay=1
    RESPONSE=$STATE/response.$ROLE
    REQUEST_URL=$url
    while :; do
        if ! authorize; then
            HTTP_CODE=000
        elif [ -n "$body" ]; then
            curl_to "$RESPONSE" --request "$method" --header "@$STATE/token-header" \
                --header "Content-Type: $type" --data-binary "@$body" "$url"
        else
            curl_to "$RESPONSE" --request "$method" --header "@$STATE/token-header" "$url"
        fi
        case $HTTP_CODE in
            (401)
                rm -f "$STATE/token-header"
                limit=$deadline
                ;;
            (403) limit=$GRANTS_UNTIL ;;
            (000 | 408 | 429 | 5??) limit=$deadline ;;
            (*) return 0 ;;
        esac
        if [ $(($(now) + delay)) -gt "$limit" ]; then return 0; fi
        if [ "$STOPPING" = 1 ]; then return 0; fi
        say "HTTP $HTTP_CODE from ${url%%\?*}; trying again in $delay s"
        nap "$delay"
        delay=$(smaller $((delay * 2)) 15)
    done
}

# http_problem: prints why the last request failed, for the end of a sentence.
http_problem() {
    local message host=${REQUEST_URL#*://}
    if [ "$HTTP_CODE" = 000 ]; then
        message=$(last_line "$STATE/curl-error.$ROLE")
        printf 'no answer from %s://%s%s' "${REQUEST_URL%%://*}" "${host%%/*}" "${message:+: $message}"
        return
    fi
    message=$(sed -nE 's/.*"message" *: *"(([^"\\]|\\.)*)".*/\1/p' "$RESPONSE" | head -n 1 | sed 's/\\"/"/g')
    printf 'HTTP %s%s' "$HTTP_CODE" "${message:+: $(shorten "$message" 300)}"
}

# object_url NAME [BUCKET]
object_url() {
    printf '%s/storage/v1/b/%s/o/%s' "$STORAGE" "${2:-$BUCKET}" "$(url_text "$1")"
}

# upload DEADLINE NAME FILE CONTENT_TYPE [GENERATION]: replaces only that generation, if given; 0 = only creates.
upload() {
    local url
    url="$STORAGE/upload/storage/v1/b/$BUCKET/o?uploadType=media&name=$(url_text "$2")"
    request "$1" POST "$url${5:+&ifGenerationMatch=$5}" "$3" "$4"
}

# json_number NAME / json_string NAME: print a field of the answer on standard input. Google writes 64-bit numbers as
# strings.
json_number() {
    sed -n 's/.*"'"$1"'" *: *"\{0,1\}\([0-9][0-9]*\).*/\1/p' | head -n 1
}

json_string() {
    sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p' | head -n 1
}

# list_page DEADLINE PREFIX FIELDS: writes one page to $RESPONSE. PAGE_TOKEN in: empty = first page; out: empty = last page.
list_page() {
    local url
    url="$STORAGE/storage/v1/b/$BUCKET/o?prefix=$(url_text "$2")&fields=$(url_text "$3,nextPageToken")"
    request "$1" GET "$url${PAGE_TOKEN:+&pageToken=$PAGE_TOKEN}"
    PAGE_TOKEN=
    [ "$HTTP_CODE" = 200 ] || return 1
    PAGE_TOKEN=$(url_text "$(json_string nextPageToken <"$RESPONSE" | sed 's/\\u003d/=/g')")
}
