#!/bin/sh
# Builds the image for VMs of the emulator's `systemd` runtime: Debian with systemd, cloud-init and docker, installed
# from this machine's package sources. The image contains nothing from this project.
#   gcp-trainer-base/systemd:local
# Does nothing if the image exists; to rebuild it: docker image rm gcp-trainer-base/systemd:local
# Requires Debian or a derivative, root, debootstrap and a running Docker engine. Takes one or two minutes.
set -eu

image=gcp-trainer-base/systemd:local
# debootstrap cannot choose between alternative packages, so python3-cffi-backend, which cloud-init needs, is listed
# explicitly.
packages=systemd,systemd-sysv,dbus,cloud-init,python3-cffi-backend,docker.io,curl,ca-certificates,iptables,iproute2,procps

fail() {
    echo "systemd-image: $1" >&2
    exit 1
}

for tool in debootstrap docker apt-get tar; do
    command -v "$tool" >/dev/null || fail "'$tool' is missing"
done
docker info >/dev/null 2>&1 || fail "the Docker engine is not reachable; start it (sudo systemctl start docker)"
if docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image exists"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The suite and mirror from which this machine installs packages; debootstrap falls back to its own default mirror.
# shellcheck disable=SC1091 # the file differs between systems
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
# shellcheck disable=SC2016 # apt, not the shell, expands these names
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n "s/^$suite main //p" | head -n 1)

# shellcheck disable=SC2086 # an empty mirror adds no argument
if ! debootstrap --variant=minbase --include="$packages" "$suite" "$work/root" ${mirror:-} >"$work/log" 2>&1; then
    tail -n 20 "$work/log" >&2
    fail "debootstrap failed"
fi
# The machine id must differ between VMs, so it is left empty in the image, and systemd generates one at boot.
: >"$work/root/etc/machine-id"
rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists" "$work/root/usr/share/doc" "$work/root/usr/share/man" \
    "$work/root/usr/share/locale" "$work/root/debootstrap"
tar -C "$work/root" -cf - . | docker import --change 'CMD ["/sbin/init"]' - "$image" >/dev/null
echo "$image"
