// @ts-check
// Containers in the process runtime. Each consists of the image's command, or else of the `start` script in the
// trainer's package.json, and of a supervisor that runs it and outlives this command. The state of a container is kept
// in files, because there is no daemon.

const { spawn } = require("node:child_process");
const { randomBytes } = require("node:crypto");
const { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, rmSync } = require("node:fs");
const { delimiter, dirname, join } = require("node:path");
const { StringDecoder } = require("node:string_decoder");
const { DaemonError, StartError, UsageError, parse, parseRun } = require("./docker-options.js");
const { localImage, pull } = require("./docker-pull.js");
const { renderTemplate } = require("./docker-template.js");
const { vmDir } = require("./vm.js");
const { readState } = require("./container-state.js");
const { signalGroups } = require("./signals.js");

const POLL_MS = 40;

/** @param {string} name */
function containerDir(name) {
    return join(vmDir(), "docker", "containers", name);
}

/** @param {string} name name or id */
function find(name) {
    if (existsSync(join(containerDir(name), "state.json"))) {
        return containerDir(name);
    }
    const root = containerDir("");
    const names = existsSync(root) ? readdirSync(root) : [];
    const byId = names.find((one) => /^[0-9a-f]{12,}$/.test(name) && readState(join(root, one)).Id.startsWith(name));
    if (byId === undefined) {
        throw new DaemonError(`No such container: ${name}`);
    }
    return join(root, byId);
}

/** @param {string} folder */
function startScript(folder) {
    let scripts = /** @type {Record<string, string>} */ ({});
    try {
        scripts = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).scripts ?? {};
    } catch {
        // A missing or invalid package.json is reported by the error below.
    }
    const script = scripts.start;
    if (script === undefined) {
        throw new DaemonError(
            `the trainer ${folder} has no "start" script in a package.json, so it needs Docker: install a Docker engine and run npm start -- --runtime docker, or add the script`,
        );
    }
    return script;
}

/** @param {string[]} words */
async function run(words) {
    const wanted = parseRun(words);
    const image = localImage(wanted.image) ?? (await pull(wanted.image));
    if (existsSync(containerDir(wanted.name))) {
        throw new DaemonError(
            `Conflict. The container name "/${wanted.name}" is already in use. You have to remove (or rename) that container to be able to reuse that name.`,
        );
    }
    const folder = image.folder ?? "";
    const script = image.command ?? startScript(folder);
    const dir = containerDir(wanted.name);
    const home = join(dir, "home");
    mkdirSync(home, { recursive: true });
    const bin = join(folder, "node_modules", ".bin");
    const env = {
        // The folder that contains this Node.js comes last, because it may hold other programs, such as another Python.
        PATH: [bin, process.env.EMULATOR_HOST_PATH, dirname(process.execPath)].join(delimiter),
        HOME: home,
        // A real container would not get these variables, but programs on this machine might not run without them.
        ...pick("NODE_EXTRA_CA_CERTS", "SystemRoot", "TMPDIR", "TEMP"),
        ...Object.fromEntries(
            wanted.env.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
        ),
    };
    const id = randomBytes(32).toString("hex");
    const spec = { id, name: wanted.name, image: image.imageId, script, args: wanted.args, cwd: folder, env };
    await supervise(dir, spec, wanted.inherited);
    process.stdout.write(`${id}\n`);
    return 0;
}

/** @param {string[]} names */
function pick(...names) {
    return Object.fromEntries(
        names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    );
}

/**
 * Starts the supervisor and waits until the container is running. The supervisor receives the specification in a
 * message, because its environment may hold secrets, which must not be written to a file.
 * @param {string} dir @param {object} spec
 * @param {string[]} inherited names of this command's variables that are passed only to the container
 * @returns {Promise<void>}
 */
function supervise(dir, spec, inherited) {
    const child = spawn(process.execPath, [join(__dirname, "docker-supervisor.js"), dir], {
        detached: true,
        env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.includes(name))),
        stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    child.send(spec);
    return new Promise((resolve, reject) => {
        child.once("message", (message) => {
            const { error } = /** @type {{ error?: string }} */ (message);
            child.disconnect();
            child.unref();
            if (error === undefined) {
                resolve();
            } else {
                reject(new StartError(`failed to create task for container: ${error}`));
            }
        });
        child.once("error", reject);
        child.once("exit", (code) => reject(new DaemonError(`the container's supervisor ended early (${code})`)));
    });
}

/** @param {string[]} words */
async function wait(words) {
    const dir = find(parse(words, {}, 1).positional[0] ?? "");
    let state = readState(dir);
    while (state.State.Running) {
        await pause();
        state = readState(dir);
    }
    process.stdout.write(`${state.State.ExitCode}\n`);
    return 0;
}

/** @param {string[]} words */
async function logs(words) {
    const parsed = parse(words, { f: false, follow: false }, 1);
    const dir = find(parsed.positional[0] ?? "");
    const follow = parsed.last("f", "follow") === "true";
    const file = openSync(join(dir, "log.jsonl"), "r");
    const buffer = Buffer.alloc(65536);
    const decoder = new StringDecoder("utf8");
    let rest = "";
    for (;;) {
        // Check the state before reading, so that all output written before the container ended is read.
        const running = existsSync(dir) && readState(dir).State.Running;
        let size = readSync(file, buffer);
        for (; size > 0; size = readSync(file, buffer)) {
            rest = await printLines(rest + decoder.write(buffer.subarray(0, size)));
        }
        if (!follow || !running) {
            closeSync(file);
            return 0;
        }
        await pause();
    }
}

/** Prints complete records and returns the remaining text. @param {string} text */
async function printLines(text) {
    const lines = text.split("\n");
    const rest = lines.pop() ?? "";
    const records = lines.map((line) => /** @type {{ log: string, stream: string }} */ (JSON.parse(line)));
    // Write once per stream rather than once per line, because a program may print millions of lines.
    for (let start = 0, end = 0; start < records.length; start = end) {
        const stream = records[start]?.stream;
        while (records[end]?.stream === stream && end < records.length) {
            end += 1;
        }
        const target = stream === "stderr" ? process.stderr : process.stdout;
        const output = records.slice(start, end).map(({ log }) => log);
        if (!target.write(output.join(""))) {
            await new Promise((resolve) => target.once("drain", resolve));
        }
    }
    return rest;
}

/** @param {string[]} words */
async function inspect(words) {
    const parsed = parse(words, { f: true, format: true }, 1);
    const state = readState(find(parsed.positional[0] ?? ""));
    const format = parsed.last("f", "format");
    process.stdout.write(
        `${format === undefined ? JSON.stringify([state], undefined, 4) : renderTemplate(format, state)}\n`,
    );
    return 0;
}

/**
 * Inspects an image in the process runtime. Such an image is a folder on this machine without a working directory.
 * @param {{ imageId: string }} image @param {string | undefined} format
 */
async function inspectImage({ imageId }, format) {
    const image = { Id: imageId, Config: { WorkingDir: "" } };
    process.stdout.write(
        `${format === undefined ? JSON.stringify([image], undefined, 4) : renderTemplate(format, image)}\n`,
    );
    return 0;
}

/** @param {string[]} words */
async function stop(words) {
    const parsed = parse(words, { t: true, time: true, timeout: true, s: true, signal: true }, 1);
    const name = parsed.positional[0] ?? "";
    const dir = find(name);
    const graceMs = Number(parsed.last("t", "time", "timeout") ?? 10) * 1000;
    if (!Number.isFinite(graceMs)) {
        throw new UsageError(`invalid argument for -t: ${parsed.last("t", "time", "timeout")}`);
    }
    signalContainer(dir, parsed.last("s", "signal") ?? "SIGTERM");
    const endMs = Date.now() + graceMs;
    while (readState(dir).State.Running && Date.now() < endMs) {
        await pause();
    }
    await killAndWait(dir);
    process.stdout.write(`${name}\n`);
    return 0;
}

/** @param {string} dir */
async function killAndWait(dir) {
    signalContainer(dir, "SIGKILL");
    while (readState(dir).State.Running) {
        await pause();
    }
}

/** @param {string[]} words */
async function kill(words) {
    const parsed = parse(words, { s: true, signal: true }, 1);
    const dir = find(parsed.positional[0] ?? "");
    if (!readState(dir).State.Running) {
        throw new DaemonError(`Cannot kill container: ${parsed.positional[0]}: container is not running`);
    }
    signalContainer(dir, parsed.last("s", "signal") ?? "SIGKILL");
    process.stdout.write(`${parsed.positional[0]}\n`);
    return 0;
}

/** @param {string[]} words */
async function rm(words) {
    const parsed = parse(words, { f: false, force: false, v: false, volumes: false });
    const force = parsed.last("f", "force") === "true";
    for (const name of parsed.positional) {
        if (force && !existsSync(join(containerDir(name), "state.json"))) {
            // After a power cut, a container's folder may exist even though its state was never written.
            if (/^[a-zA-Z0-9][\w.-]*$/.test(name)) {
                rmSync(containerDir(name), { recursive: true, force: true });
            }
            continue;
        }
        const dir = find(name);
        if (readState(dir).State.Running) {
            if (!force) {
                throw new DaemonError(
                    `cannot remove container "/${name}": container is running: stop the container before removing or force remove`,
                );
            }
            await killAndWait(dir);
        }
        rmSync(dir, { recursive: true, force: true });
        process.stdout.write(`${name}\n`);
    }
    return 0;
}

/**
 * Signals all processes in the container, because it has no init process that would forward the signal.
 * @param {string} dir
 * @param {string} signal
 */
function signalContainer(dir, signal) {
    const { Process } = readState(dir);
    if (Process !== null) {
        signalGroups([Process], /** @type {NodeJS.Signals} */ (signal.startsWith("SIG") ? signal : `SIG${signal}`));
    }
}

/** @returns {Promise<void>} */
function pause() {
    return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

module.exports = { inspect, inspectImage, kill, logs, rm, run, stop, wait };
