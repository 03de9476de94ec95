// @ts-check
// Containers in the docker runtime. Calls the real docker command with names and labels specific to this VM.

const { execFileSync, spawn } = require("node:child_process");
const { constants } = require("node:os");
const { parse, parseRun } = require("./docker-options.js");
const { localImage, pull } = require("./docker-pull.js");
const { identify, signalProcess } = require("./signals.js");
const { bootId, dataId, vmId, realDocker, realEnv } = require("./vm.js");

/** The host name under which containers in Docker Desktop reach their host. */
const DESKTOP_HOST = "host.docker.internal";

/** @param {string} name */
function ownName(name) {
    return `${vmId()}-${name}`;
}

/** @param {string[]} args @returns {Promise<number>} */
function docker(args) {
    const child = spawn(realDocker(), args, { stdio: "inherit", env: realEnv() });
    const id = identify(child.pid);
    for (const signal of /** @type {NodeJS.Signals[]} */ (["SIGTERM", "SIGINT", "SIGHUP"])) {
        process.on(signal, () => id !== undefined && signalProcess(id, signal));
    }
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("exit", (code, signal) =>
            resolve(signal === null ? (code ?? 0) : 128 + (constants.signals[signal] ?? 0)),
        );
    });
}

/**
 * Returns whether the engine is Docker Desktop, which runs containers in a virtual machine. With a native engine on
 * Linux, containers share the host's network.
 */
function isDesktop() {
    if (process.platform !== "linux") {
        return true;
    }
    const system = execFileSync(realDocker(), ["info", "--format", "{{.OperatingSystem}}"], {
        encoding: "utf8",
        env: realEnv(),
    });
    return system.includes("Docker Desktop");
}

/** @param {string[]} words */
async function run(words) {
    const wanted = parseRun(words);
    const image = localImage(wanted.image) ?? (await pull(wanted.image));
    const desktop = isDesktop();
    const args = ["run", "--detach", "--name", ownName(wanted.name)];
    // The emulator finds its containers by these labels.
    for (const [key, value] of Object.entries({ vm: vmId(), boot: bootId(), data: dataId() })) {
        args.push("--label", `gcp-emulator.${key}=${value}`);
    }
    args.push(...(desktop ? ["--add-host", `${DESKTOP_HOST}:host-gateway`] : ["--network", "host"]));
    for (const { name, value } of wanted.options) {
        // Network, name and environment are set below; the image has already been pulled.
        if (!["d", "detach", "name", "network", "pull", "e", "env"].includes(name)) {
            args.push(name.length > 1 ? `--${name}=${value}` : `-${name}`, ...(name.length > 1 ? [] : [value]));
        }
    }
    for (const line of wanted.env) {
        // Pass an inherited variable only by name: its value may be a secret, and the process list shows arguments.
        const name = line.slice(0, line.indexOf("="));
        const isInherited = wanted.inherited.includes(name);
        args.push("--env", isInherited ? name : desktop ? reachableFromDesktop(line) : line);
    }
    return await docker([...args, image.imageId, ...wanted.args]);
}

/**
 * Rewrites only the two variables that refer to the VM's own endpoint, because the others belong to the user.
 * @param {string} line
 */
function reachableFromDesktop(line) {
    return /^(STORAGE_EMULATOR_HOST|GCE_METADATA_HOST)=/.test(line) ? line.replace("127.0.0.1", DESKTOP_HOST) : line;
}

/**
 * @param {string} command @param {string[]} words @param {Record<string, boolean>} known
 * @returns {Promise<number>}
 */
async function onContainer(command, words, known) {
    const parsed = parse(words, known);
    const options = parsed.options.map(({ name, value }) =>
        name.length > 1 ? `--${name}=${value}` : known[name] === true ? [`-${name}`, value] : `-${name}`,
    );
    return await docker([command, ...options.flat(), ...parsed.positional.map(ownName)]);
}

module.exports = {
    run,
    inspectImage: (/** @type {{ imageId: string }} */ { imageId }, /** @type {string | undefined} */ format) =>
        docker(["image", "inspect", ...(format === undefined ? [] : [`--format=${format}`]), imageId]),
    wait: (/** @type {string[]} */ words) => onContainer("wait", words, {}),
    logs: (/** @type {string[]} */ words) => onContainer("logs", words, { f: false, follow: false }),
    inspect: (/** @type {string[]} */ words) => onContainer("inspect", words, { f: true, format: true }),
    stop: (/** @type {string[]} */ words) =>
        onContainer("stop", words, { t: true, time: true, timeout: true, s: true, signal: true }),
    kill: (/** @type {string[]} */ words) => onContainer("kill", words, { s: true, signal: true }),
    rm: (/** @type {string[]} */ words) =>
        onContainer("rm", words, { f: false, force: false, v: false, volumes: false }),
};
