#!/bin/bash
# Script for the unit gcp-trainer.service: `boot.sh prepare` claims the run and pulls the image, `boot.sh run` runs the
# container, `boot.sh finish` reports how it ended. Each is a separate process that may be killed at any moment. They
# therefore communicate through files: small ones in memory, and the log on disk.
#
# Needs only bash 3.2 (no associative arrays, mapfile, wait -n, fractional read -t), coreutils, sed, curl, docker and
# docker-credential-gcr, because Container-Optimized OS offers nothing else, and the rehearsal also runs this script on
# laptops.
set -u -o pipefail
# Process text as bytes, because the log is cut into chunks and names are percent-encoded byte by byte.
export LC_ALL=C

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
STATE=${RUNTIME_DIRECTORY:?systemd sets it}
LOG=${STATE_DIRECTORY:?systemd sets it}/log
# docker-credential-gcr and docker keep their configuration in HOME, and root's home is read-only on COS.
export HOME=$STATE
# Other users must not be able to read the token.
umask 077

# shellcheck source=boot/common.sh
. "$HERE/common.sh"
# shellcheck source=boot/storage.sh
. "$HERE/storage.sh"
# shellcheck source=boot/status.sh
. "$HERE/status.sh"
# shellcheck source=boot/secrets.sh
. "$HERE/secrets.sh"
# shellcheck source=boot/publisher.sh
. "$HERE/publisher.sh"
# shellcheck source=boot/container.sh
. "$HERE/container.sh"
# shellcheck source=boot/prepare.sh
. "$HERE/prepare.sh"
# shellcheck source=boot/finish.sh
. "$HERE/finish.sh"

read_config "$HERE/config"
BOOT_ID=${INVOCATION_ID:?systemd sets it}
# A new grant does not take effect everywhere at once, so a later step may be denied a permission that an earlier step
# had.
GRANTS_UNTIL=$(($(recall boot-since 0) + GRANT_SECONDS))

case ${1:-} in
    (prepare) prepare ;;
    (run) run ;;
    (finish) finish ;;
    (*)
        say "usage: boot.sh prepare|run|finish; got '${1:-}'"
        exit 64
        ;;
esac
