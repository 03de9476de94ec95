#!/bin/sh
# Makes the image of which the emulator's `machine` runtime makes its VMs: Debian with systemd, cloud-init and docker,
# from this machine's package sources, and nothing of this project.
#   gcp-trainer-base/machine:local
# Does nothing when the image is there; to make it anew: docker image rm gcp-trainer-base/machine:local
# Needs Debian or a system made from it, root, debootstrap, a running Docker engine. Takes a minute or two.
set -eu

image=gcp-trainer-base/machine:local
# debootstrap does not choose among packages that provide the same: python3-cffi-backend is named for cloud-init's sake.
packages=systemd,systemd-sysv,dbus,cloud-init,python3-cffi-backend,docker.io,curl,ca-certificates,iptables,iproute2,procps

fail() {
    echo "machine-image: $1" >&2
    exit 1
}

for tool in debootstrap docker apt-get tar; do
    command -v "$tool" >/dev/null || fail "'$tool' is missing"
done
docker info >/dev/null 2>&1 || fail "the Docker engine does not answer; start it (sudo systemctl start docker)"
if docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image is there"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Where and what this machine installs from; debootstrap's own default where apt does not say.
# shellcheck disable=SC1091 # every system has its own
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
# shellcheck disable=SC2016 # names of apt's, not of the shell's
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n "s/^$suite main //p" | head -n 1)

# shellcheck disable=SC2086 # no mirror is no argument
if ! debootstrap --variant=minbase --include="$packages" "$suite" "$work/root" ${mirror:-} >"$work/log" 2>&1; then
    tail -n 20 "$work/log" >&2
    fail "debootstrap failed"
fi
# Tells VMs apart, so that of an image must be empty: systemd makes one at boot.
: >"$work/root/etc/machine-id"
rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists" "$work/root/usr/share/doc" "$work/root/usr/share/man" \
    "$work/root/usr/share/locale" "$work/root/debootstrap"
tar -C "$work/root" -cf - . | docker import --change 'CMD ["/sbin/init"]' - "$image" >/dev/null
echo "$image"
