#!/bin/sh
# Builds the trainer's two base images from programs installed on this machine, for use without access to a registry:
#   gcp-trainer-base/node-build:local    Node.js, npm and a shell
#   gcp-trainer-base/node-runtime:local  only Node.js, at /nodejs/bin/node, and no shell, as in distroless images
# docker build --build-arg BUILD_IMAGE=gcp-trainer-base/node-build:local \
#     --build-arg RUNTIME_IMAGE=gcp-trainer-base/node-runtime:local trainer
# Requires Linux, Node.js with npm, GNU tar and a running Docker engine.
set -eu

fail() {
    echo "base-images: $1" >&2
    exit 1
}

for tool in node npm ldd tar docker; do
    command -v "$tool" >/dev/null || fail "'$tool' is missing"
done
docker info >/dev/null 2>&1 || fail "the Docker engine is not reachable; start it (sudo systemctl start docker)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
image_certificates=/etc/ssl/certs/ca-certificates.crt

# Finds the certificates that this machine trusts. NODE_EXTRA_CA_CERTS may name a file with a proxy's certificates.
find_certificates() {
    for file in "${NODE_EXTRA_CA_CERTS:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
        if [ -n "$file" ] && [ -r "$file" ]; then
            echo "$file"
            return
        fi
    done
    fail "no CA certificates found; set NODE_EXTRA_CA_CERTS to a PEM file"
}

# copy_program ROOT PROGRAM PATH_IN_IMAGE: copies a program to PATH_IN_IMAGE, and its shared libraries to the same paths
# as on this machine.
copy_program() {
    mkdir -p "$1$(dirname "$3")"
    cp -L "$2" "$1$3"
    ldd "$2" 2>/dev/null | sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' | while read -r library; do
        mkdir -p "$1$(dirname "$library")"
        cp -L "$library" "$1$library"
    done
}

# Creates what every image needs: certificates, two users, and a folder for temporary files.
make_root() {
    mkdir -p "$1/tmp" "$1/etc" "$1$(dirname "$image_certificates")"
    chmod 1777 "$1/tmp"
    cp -L "$certificates" "$1$image_certificates"
    printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$1/etc/passwd"
    printf 'root:x:0:\nnonroot:x:65532:\n' >"$1/etc/group"
    mkdir -p "$1/root" "$1/home/nonroot"
}

import_root() {
    root=$1
    image=$2
    shift 2
    tar -C "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - . | docker import "$@" - "$image" >/dev/null
    echo "$image"
}

certificates=$(find_certificates)
node=$(node -p 'process.execPath')
npm=$(node -p 'require("node:fs").realpathSync(process.argv[1])' "$(command -v npm)")
npm_folder=$(dirname "$(dirname "$npm")")
[ -f "$npm_folder/package.json" ] || fail "the folder of '$npm' does not contain npm"

runtime=$work/runtime
make_root "$runtime"
copy_program "$runtime" "$node" /nodejs/bin/node
import_root "$runtime" gcp-trainer-base/node-runtime:local \
    --change "ENV SSL_CERT_FILE=$image_certificates" \
    --change "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    --change 'USER 65532' \
    --change 'ENTRYPOINT ["/nodejs/bin/node"]'

build=$work/build
make_root "$build"
copy_program "$build" "$node" /usr/local/bin/node
copy_program "$build" "$(command -v sh)" /bin/sh
copy_program "$build" "$(command -v env)" /usr/bin/env
mkdir -p "$build/usr/local/lib/node_modules"
cp -R "$npm_folder" "$build/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$build/usr/local/bin/npm"
import_root "$build" gcp-trainer-base/node-build:local \
    --change "ENV SSL_CERT_FILE=$image_certificates" \
    --change "ENV NODE_EXTRA_CA_CERTS=$image_certificates" \
    --change "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
