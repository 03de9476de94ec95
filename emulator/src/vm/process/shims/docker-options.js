// @ts-check
// The docker command lines that the emulated VM supports.

class UsageError extends Error {}

/** Thrown for a request that the daemon rejects. */
class DaemonError extends Error {}

/** Thrown if the container was created, but its program cannot be started. */
class StartError extends DaemonError {}

/**
 * Options for `docker run`; true means that the option takes a value.
 * https://docs.docker.com/reference/cli/docker/container/run/
 */
const RUN_OPTIONS = {
    d: false,
    detach: false,
    name: true,
    e: true,
    env: true,
    l: true,
    label: true,
    m: true,
    memory: true,
    "memory-swap": true,
    "log-driver": true,
    "log-opt": true,
    network: true,
    privileged: false,
    "cap-drop": true,
    "security-opt": true,
    "pids-limit": true,
    "read-only": false,
    v: true,
    volume: true,
    device: true,
    "shm-size": true,
    "stop-timeout": true,
    init: false,
    pull: true,
};

/**
 * Parses options up to the first word that is not an option.
 * @param {string[]} words
 * @param {Record<string, boolean>} known name without dashes -> takes a value
 * @param {number} [count] exact number of words after the options; any number if omitted
 */
function parse(words, known, count) {
    const options = /** @type {{ name: string, value: string }[]} */ ([]);
    const rest = [...words];
    while (rest[0]?.startsWith("-") && rest[0] !== "-") {
        const word = rest.shift() ?? "";
        if (word === "--") {
            break;
        }
        const equals = word.indexOf("=");
        const long = word.startsWith("--");
        const name = long ? word.slice(2, equals < 0 ? undefined : equals) : word.slice(1, 2);
        const takesValue = known[name];
        if (takesValue === undefined) {
            throw new UsageError(`unknown flag: ${word} (the emulated VM supports ${Object.keys(known).join(", ")})`);
        }
        const inline = long ? (equals < 0 ? undefined : word.slice(equals + 1)) : word.slice(2) || undefined;
        if (takesValue) {
            const value = inline ?? rest.shift();
            if (value === undefined) {
                throw new UsageError(`flag needs an argument: ${word}`);
            }
            options.push({ name, value });
        } else {
            options.push({ name, value: inline ?? "true" });
        }
    }
    if (count !== undefined && rest.length !== count) {
        throw new UsageError(`expected ${count} argument(s) after the options; got ${rest.length}`);
    }
    const values = (/** @type {string[]} */ ...names) =>
        options.filter((one) => names.includes(one.name)).map((one) => one.value);
    return { options, positional: rest, values, last: (/** @type {string[]} */ ...names) => values(...names).at(-1) };
}

/** @param {string[]} words the words after `docker run` */
function parseRun(words) {
    const parsed = parse(words, RUN_OPTIONS);
    const [image, ...args] = parsed.positional;
    if (image === undefined) {
        throw new UsageError("'docker run' requires at least 1 argument");
    }
    if (parsed.last("d", "detach") !== "true") {
        throw new UsageError("'docker run' without --detach is not emulated");
    }
    const name = parsed.last("name");
    if (name === undefined || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
        throw new UsageError(`'docker run' needs --name with letters, digits, "_", "." and "-"; got ${name}`);
    }
    // `--env NAME` forwards the caller's value.
    const given = parsed.values("e", "env").filter((value) => value.includes("=") || process.env[value] !== undefined);
    const env = given.map((value) => (value.includes("=") ? value : `${value}=${process.env[value]}`));
    const inherited = given.filter((value) => !value.includes("="));
    return { image, args, name, env, inherited, options: parsed.options };
}

module.exports = { DaemonError, StartError, UsageError, parse, parseRun };
