# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# Functions that call the metadata server and Cloud Storage's JSON API with curl.
# https://cloud.google.com/compute/docs/metadata/overview, https://cloud.google.com/storage/docs/json_api/v1

METADATA=http://${GCE_METADATA_HOST:-169.254.169.254}/computeMetadata/v1
STORAGE=${STORAGE_EMULATOR_HOST:-https://storage.googleapis.com}
case $STORAGE in
    (http://* | https://*) ;;
    (*) STORAGE=http://$STORAGE ;;
esac
STORAGE=${STORAGE%/}

# Suffix for the names of scratch files. It differs between the script and its publisher, which run at the same time.
ROLE=main
# This is 1 once the process has been asked to end, after which it does not retry anything.
STOPPING=0
# Time limit for one HTTP request, in seconds.
HTTP_SECONDS=30
# Time, in seconds since the epoch, until which a 401 or 403 counts as a grant that has not taken effect yet; 0 = never.
GRANTS_UNTIL=0

# curl_to FILE ARGUMENTS...: sets HTTP_CODE; 000 = no complete response.
curl_to() {
    local output=$1
    shift
    : >"$output"
    # After a timeout in the middle of a body, http_code is 200, so only curl's exit status shows the failure.
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
        say "the metadata server returned no token (HTTP $HTTP_CODE): is a service account attached to the VM?"
        return 1
    fi
    token=$(json_string access_token <"$STATE/token.$ROLE")
    seconds=$(json_number expires_in <"$STATE/token.$ROLE")
    rm -f "$STATE/token.$ROLE"
    if [ -z "$token" ] || [ -z "$seconds" ]; then
        say "the metadata server's response has no complete token"
        return 1
    fi
    keep token-header "Authorization: Bearer $token"
    keep token-until $(($(now) + seconds - 60))
}

# request DEADLINE METHOD URL [BODY_FILE CONTENT_TYPE]: sets HTTP_CODE; the body goes to $RESPONSE. Transient errors (no
# connection, 408, 429, 5xx) are retried until DEADLINE, a missing grant until GRANTS_UNTIL if that is earlier. KIND,
# set before the call, describes a valid successful response: the `kind` of a complete JSON object, or `nothing`. Any
# other response, such as a captive portal's page, is also treated as transient. The first few responses with status 400
# to a request with a body count as transient too, because the body may have been corrupted in transit.
request() {
    local deadline=$1 method=$2 url=$3 body=${4:-} type=${5:-} limit delay=1 refusals=0
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
        check_answer "${KIND:-}"
        case $HTTP_CODE in
            (400)
                [ -n "$body" ] && [ "$refusals" -lt 3 ] || return 0
                refusals=$((refusals + 1))
                limit=$deadline
                ;;
            (401)
                rm -f "$STATE/token-header"
                limit=$deadline
                ;;
            (403)
                if by_perimeter "$(head -c 4096 "$RESPONSE" | tr -d '\000')"; then return 0; fi
                limit=$(smaller "$deadline" "$GRANTS_UNTIL")
                ;;
            (000 | 200-invalid | 3?? | 408 | 429 | 5??) limit=$deadline ;;
            (*) return 0 ;;
        esac
        if [ $(($(now) + delay)) -gt "$limit" ]; then return 0; fi
        if [ "$STOPPING" = 1 ]; then return 0; fi
        say "HTTP $HTTP_CODE from ${url%%\?*}; trying again in $delay s"
        nap "$delay"
        delay=$(smaller $((delay * 2)) 15)
    done
}

# by_perimeter TEXT: true if the text of a 403 says that a VPC Service Controls perimeter refused the request. Unlike a
# missing grant, a perimeter does not change by itself, so there is no point in waiting.
by_perimeter() {
    [[ $1 == *vpcServiceControls* || $1 == *'prohibited by organization'* ]]
}

# fail_perimeter PROBLEM: gives up after a request that a perimeter refused.
fail_perimeter() {
    fail "A VPC Service Controls perimeter refuses a request from the VM ($1);" \
        "ask an administrator of the organization to include the VM's network, the bucket, the dataset and the" \
        "repository in one perimeter that allows storage.googleapis.com and artifactregistry.googleapis.com," \
        "and run pulumi up"
}

# check_answer KIND: sets HTTP_CODE to `200-invalid` if the response is successful but not of this kind.
check_answer() {
    case $HTTP_CODE:$1 in
        (204:nothing | 2??:) ;;
        (2??:nothing) HTTP_CODE=200-invalid ;;
        (2??:*) is_json_of "$1" "$RESPONSE" || HTTP_CODE=200-invalid ;;
    esac
}

# is_json_of KIND FILE: true for a complete JSON object of this kind.
is_json_of() {
    local text
    text=$(tr -d ' \t\r\n\000' <"$2")
    [[ $text == '{'*"\"kind\":\"$1\""*'}' ]] && is_complete "$text"
}

# is_complete TEXT: true for complete JSON without spaces. Replaces every string and number with 0, and then every list
# and object of zeros; truncated JSON leaves a remainder.
is_complete() {
    [ "$(printf '%s\n' "$1" | sed -e 's/\\.//g' -e 's/"[^"]*"/0/g' \
        -e 's/-\{0,1\}[0-9][0-9.eE+-]*/0/g' -e 's/true/0/g' -e 's/false/0/g' -e 's/null/0/g' \
        -e ':again' -e 's/\[\]/0/g' -e 's/{}/0/g' -e 's/\[0\(,0\)*\]/0/g' -e 's/{0:0\(,0:0\)*}/0/g' -e 't again')" = 0 ]
}

# http_problem: prints why the last request failed, worded so that it can end a sentence.
http_problem() {
    local message host=${REQUEST_URL#*://}
    if [ "$HTTP_CODE" = 000 ]; then
        message=$(last_line "$STATE/curl-error.$ROLE")
        printf 'no response from %s://%s%s' "${REQUEST_URL%%://*}" "${host%%/*}" "${message:+: $message}"
        return
    fi
    if [ "$HTTP_CODE" = 200-invalid ]; then
        printf '%s://%s returned a response that is not from Google: %s' "${REQUEST_URL%%://*}" "${host%%/*}" \
            "$(shorten "$(head -c 200 "$RESPONSE" | tr '\000-\037\177' ' ')" 80)"
        return
    fi
    message=$(sed -nE 's/.*"message" *: *"(([^"\\]|\\.)*)".*/\1/p' "$RESPONSE" | head -n 1 | sed 's/\\"/"/g')
    printf 'HTTP %s%s' "$HTTP_CODE" "${message:+: $(shorten "$message" 300)}"
}

# object_url NAME [BUCKET]
object_url() {
    printf '%s/storage/v1/b/%s/o/%s' "$STORAGE" "${2:-$BUCKET}" "$(url_text "$1")"
}

# md5_of FILE: prints the MD5 in base64, as Cloud Storage does. macOS has `md5` but no `md5sum`.
md5_of() {
    local hex
    hex=$(md5sum <"$1" 2>/dev/null || md5 -q "$1")
    printf '%b' "$(printf '%s' "${hex%% *}" | sed 's/../\\x&/g')" | base64
}

# upload DEADLINE NAME FILE CONTENT_TYPE [GENERATION]: replaces only that generation, if one is given; 0 = creates the
# object but never replaces it. Its metadata contains $UPLOAD_ROW. Cloud Storage rejects content whose MD5 differs from
# the one in the metadata. Content never contains its own MD5, so the MD5 can serve as the boundary.
# https://cloud.google.com/storage/docs/uploading-objects#rest-upload-objects (multipart)
upload() {
    local url md5 boundary own=
    if [ -n "${UPLOAD_ROW:-}" ]; then own=",\"metadata\":{\"row\":\"$UPLOAD_ROW\"}"; fi
    url="$STORAGE/upload/storage/v1/b/$BUCKET/o?uploadType=multipart&name=$(url_text "$2")"
    md5=$(md5_of "$3")
    boundary=$(printf '%s' "$md5" | tr '+/=' '-_.')
    {
        printf -- '--%s\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{"md5Hash":"%s"%s}\r\n' \
            "$boundary" "$md5" "$own"
        printf -- '--%s\r\nContent-Type: %s\r\n\r\n' "$boundary" "$4"
        cat "$3"
        printf '\r\n--%s--\r\n' "$boundary"
    } >"$3.upload"
    KIND='storage#object' request "$1" POST "$url${5:+&ifGenerationMatch=$5}" \
        "$3.upload" "multipart/related; boundary=$boundary"
    rm -f "$3.upload"
}

# json_number NAME / json_string NAME: print a field of the response on standard input. Google writes 64-bit numbers as
# strings.
json_number() {
    sed -n 's/.*"'"$1"'" *: *"\{0,1\}\([0-9][0-9]*\).*/\1/p' | head -n 1
}

json_string() {
    sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p' | head -n 1
}

# list_page DEADLINE PREFIX FIELDS: writes one page to $RESPONSE. An empty PAGE_TOKEN means the first page on input, and
# the last page on output. A listing does not have a hash, so it is read until two consecutive responses are the same.
list_page() {
    local url md5='' before
    url="$STORAGE/storage/v1/b/$BUCKET/o?prefix=$(url_text "$2")&fields=$(url_text "kind,$3,nextPageToken")"
    url=$url${PAGE_TOKEN:+&pageToken=$PAGE_TOKEN}
    PAGE_TOKEN=
    while :; do
        KIND='storage#objects' request "$1" GET "$url"
        [ "$HTTP_CODE" = 200 ] || return 1
        before=$md5
        # The token for the next page is not compared, because it may differ between two responses with the same items.
        sed 's/"nextPageToken": *"[^"]*"//' "$RESPONSE" >"$RESPONSE.items"
        md5=$(md5_of "$RESPONSE.items")
        [ "$md5" != "$before" ] || break
        if [ -n "$before" ] && [ "$(now)" -ge "$1" ]; then
            HTTP_CODE=200-invalid
            return 1
        fi
    done
    PAGE_TOKEN=$(url_text "$(json_string nextPageToken <"$RESPONSE" | sed 's/\\u003d/=/g')")
}
