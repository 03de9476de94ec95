#!/bin/sh
# Usage: base.sh IMAGE
# Creates a minimal Debian image with debootstrap, including the certificates that this machine trusts, unless the image
# exists. Requires Debian or a derivative, root, debootstrap and a running Docker engine. Takes about half a minute.
set -eu

image=$1
fail() {
    echo "article-image: $1" >&2
    exit 1
}

for tool in debootstrap docker apt-get tar; do
    command -v "$tool" >/dev/null || fail "'$tool' is missing; install it or choose a base image: BASE_IMAGE=ubuntu:24.04 npm run bench -- image"
done
docker info >/dev/null 2>&1 || fail "the Docker engine is not reachable; start it (sudo systemctl start docker)"
if docker image inspect "$image" >/dev/null 2>&1; then exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC1091 # the file differs between systems
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
# shellcheck disable=SC2016 # these are apt's variables, not the shell's
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n "s/^$suite main //p" | head -n 1)
# shellcheck disable=SC2086 # an empty mirror must not become an argument
if ! debootstrap --variant=minbase --include=ca-certificates "$suite" "$work/root" ${mirror:-} >"$work/log" 2>&1; then
    tail -n 20 "$work/log" >&2
    fail "debootstrap failed"
fi
certificates=/etc/ssl/certs/ca-certificates.crt
cp -L "${NODE_EXTRA_CA_CERTS:-$certificates}" "$work/root$certificates"
# Like the distribution's own images, this one contains no package lists and no documentation.
rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists" "$work/root/usr/share/doc" "$work/root/usr/share/man" \
    "$work/root/usr/share/locale" "$work/root/debootstrap"
tar -C "$work/root" -cf - . | docker import --change "ENV PIP_CERT=$certificates" - "$image" >/dev/null
