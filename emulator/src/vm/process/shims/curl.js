// @ts-check
// curl for the emulated VM. It supports the options that a boot script needs and uses curl's exit codes (man curl, EXIT
// CODES).

const { closeSync, openSync, readFileSync, writeSync } = require("node:fs");

const EXIT = {
    usage: 2,
    url: 3,
    resolve: 6,
    connect: 7,
    partial: 18,
    http: 22,
    write: 23,
    read: 26,
    timeout: 28,
    empty: 52,
    receive: 56,
};

/** Long name -> [short name, takes a value]. */
const OPTIONS = /** @type {Record<string, [string, boolean]>} */ ({
    silent: ["s", false],
    "show-error": ["S", false],
    fail: ["f", false],
    "fail-with-body": ["", false],
    get: ["G", false],
    request: ["X", true],
    header: ["H", true],
    data: ["d", true],
    "data-binary": ["", true],
    "data-urlencode": ["", true],
    output: ["o", true],
    "write-out": ["w", true],
    "max-time": ["m", true],
    "connect-timeout": ["", true],
    retry: ["", true],
    noproxy: ["", true],
    proto: ["", true],
});

class CurlError extends Error {
    /** @param {number} code @param {string} message */
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

/** @param {string[]} argv */
function parseArguments(argv) {
    const given = /** @type {{ name: string, value: string }[]} */ ([]);
    const urls = /** @type {string[]} */ ([]);
    for (let i = 0; i < argv.length; i++) {
        const word = argv[i] ?? "";
        const next = () => {
            i += 1;
            if (i >= argv.length) {
                throw new CurlError(EXIT.usage, `option ${word}: requires parameter`);
            }
            return argv[i] ?? "";
        };
        if (word.startsWith("--")) {
            const name = word.slice(2);
            const option = OPTIONS[name];
            if (option === undefined) {
                throw new CurlError(EXIT.usage, `option ${word}: is not supported by the emulated VM's curl`);
            }
            given.push({ name, value: option[1] ? next() : "" });
        } else if (word.startsWith("-") && word !== "-") {
            for (let at = 1; at < word.length; at++) {
                const found = Object.entries(OPTIONS).find(([, [short]]) => short !== "" && short === word[at]);
                if (found === undefined) {
                    throw new CurlError(EXIT.usage, `option -${word[at]}: is not supported by the emulated VM's curl`);
                }
                const rest = word.slice(at + 1);
                given.push({ name: found[0], value: found[1][1] ? rest || next() : "" });
                if (found[1][1]) {
                    break;
                }
            }
        } else {
            urls.push(word);
        }
    }
    if (urls.length !== 1) {
        throw new CurlError(EXIT.usage, `exactly one URL is required; got ${urls.length}`);
    }
    const values = (/** @type {string} */ name) => given.filter((one) => one.name === name).map((one) => one.value);
    const unsupportedRetry = values("retry").find((value) => value !== "0");
    if (unsupportedRetry !== undefined) {
        throw new CurlError(EXIT.usage, `--retry must be 0 for the emulated VM's curl; got ${unsupportedRetry}`);
    }
    return {
        url: urls[0] ?? "",
        given,
        values,
        last: (/** @type {string} */ name) => values(name).at(-1),
        has: (/** @type {string} */ name) => values(name).length > 0,
    };
}

/** @param {string} file */
function readInput(file) {
    try {
        return readFileSync(file === "-" ? 0 : file);
    } catch (error) {
        throw new CurlError(EXIT.read, `Failed to open ${file}: ${error instanceof Error ? error.message : error}`);
    }
}

/** @param {{ name: string, value: string }[]} given */
function readBody(given) {
    const parts = given.flatMap(({ name, value }) => {
        if (name === "data-urlencode") {
            const equals = value.indexOf("=");
            const prefix = equals > 0 ? value.slice(0, equals + 1) : "";
            return [Buffer.from(prefix + encodeURIComponent(value.slice(equals + 1)).replaceAll("%20", "+"))];
        }
        if (name !== "data" && name !== "data-binary") {
            return [];
        }
        if (!value.startsWith("@")) {
            return [Buffer.from(value)];
        }
        const content = readInput(value.slice(1));
        // --data strips line breaks from files; --data-binary keeps them.
        return [name === "data" ? Buffer.from(content.toString("latin1").replace(/[\r\n]/g, ""), "latin1") : content];
    });
    return parts.length === 0
        ? undefined
        : Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from("&"), part])));
}

/** @param {string[]} values @param {boolean} form */
function readHeaders(values, form) {
    const headers = /** @type {Record<string, string>} */ ({ "user-agent": "curl/8.0 (emulated)", accept: "*/*" });
    if (form) {
        headers["content-type"] = "application/x-www-form-urlencoded";
    }
    const lines = values.flatMap((value) =>
        value.startsWith("@") ? readInput(value.slice(1)).toString().split(/\r?\n/) : [value],
    );
    for (const line of lines) {
        const colon = line.indexOf(":");
        if (colon <= 0) {
            continue;
        }
        const name = line.slice(0, colon).trim().toLowerCase();
        const value = line.slice(colon + 1).trim();
        if (value === "") {
            delete headers[name];
        } else {
            headers[name] = value;
        }
    }
    return headers;
}

/** @param {unknown} error @param {boolean} answered */
function failure(error, answered) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const message = error instanceof Error ? error.message : String(error);
    switch (code) {
        case "ENOTFOUND":
        case "EAI_AGAIN":
            return new CurlError(EXIT.resolve, `Could not resolve host: ${message}`);
        case "ECONNREFUSED":
        case "EHOSTUNREACH":
        case "ENETUNREACH":
        case "EADDRNOTAVAIL":
            return new CurlError(EXIT.connect, `Failed to connect: ${message}`);
        default:
            if (answered) {
                return new CurlError(EXIT.partial, "transfer closed with bytes remaining to read");
            }
            return message === "socket hang up"
                ? new CurlError(EXIT.empty, "Empty reply from server")
                : new CurlError(EXIT.receive, `Recv failure: ${message}`);
    }
}

/**
 * @param {ReturnType<typeof parseArguments>} args
 * @returns {Promise<number>} the HTTP status, once the whole body has been written
 */
function transfer(args) {
    const data = readBody(args.given);
    const asQuery = args.has("get");
    let url;
    try {
        url = new URL(args.url.includes("://") ? args.url : `http://${args.url}`);
    } catch {
        throw new CurlError(EXIT.url, `URL rejected: ${args.url}`);
    }
    if (asQuery && data !== undefined) {
        url.search = (url.search === "" ? "" : `${url.search}&`) + data.toString();
    }
    const body = asQuery ? undefined : data;
    const headers = readHeaders(args.values("header"), body !== undefined);
    const method = args.last("request") ?? (body === undefined ? "GET" : "POST");
    if (body !== undefined) {
        headers["content-length"] = String(body.length);
    }
    const client = url.protocol === "https:" ? require("node:https") : require("node:http");
    const target = args.last("output");
    return new Promise((resolve, reject) => {
        let answered = false;
        // `path` keeps the URL's bytes, because a %2F in an object name must arrive as %2F.
        const request = client.request(url, { method, headers, agent: false });
        const connectSeconds = Number(args.last("connect-timeout") ?? 300);
        const connecting = setTimeout(
            () => request.destroy(new CurlError(EXIT.timeout, "Connection timed out")),
            connectSeconds * 1000,
        );
        request.on("socket", (/** @type {import("node:net").Socket} */ socket) =>
            socket.once("connect", () => clearTimeout(connecting)),
        );
        request.on("error", (/** @type {unknown} */ error) => {
            clearTimeout(connecting);
            reject(error instanceof CurlError ? error : failure(error, answered));
        });
        request.on("response", (/** @type {import("node:http").IncomingMessage} */ response) => {
            answered = true;
            clearTimeout(connecting);
            status = response.statusCode ?? 0;
            const failed = status >= 400 && args.has("fail");
            const file = failed ? undefined : target === undefined || target === "-" ? 1 : openSync(target, "w");
            response.on("data", (chunk) => file !== undefined && writeFully(file, chunk));
            response.on("error", (error) => reject(error instanceof CurlError ? error : failure(error, true)));
            response.on("end", () => {
                if (file !== undefined && file !== 1) {
                    closeSync(file);
                }
                resolve(status);
            });
        });
        const maxSeconds = Number(args.last("max-time") ?? 0);
        if (maxSeconds > 0) {
            setTimeout(() => {
                reject(new CurlError(EXIT.timeout, `Operation timed out after ${maxSeconds * 1000} milliseconds`));
            }, maxSeconds * 1000).unref();
        }
        request.end(body);
    });
}

/** @param {number} file @param {Buffer} chunk */
function writeFully(file, chunk) {
    for (let at = 0; at < chunk.length; ) {
        try {
            at += writeSync(file, chunk, at);
        } catch (error) {
            // The pipe is full, and standard output may be non-blocking.
            if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) {
                throw error;
            }
        }
    }
}

let status = 0;

async function main() {
    let args;
    let exitCode = 0;
    let quiet = false;
    try {
        args = parseArguments(process.argv.slice(2));
        quiet = args.has("silent") && !args.has("show-error");
        await transfer(args);
        if (status >= 400 && (args.has("fail") || args.has("fail-with-body"))) {
            throw new CurlError(EXIT.http, `The requested URL returned error: ${status}`);
        }
    } catch (error) {
        exitCode = error instanceof CurlError ? error.code : EXIT.write;
        if (!quiet) {
            writeFully(2, Buffer.from(`curl: (${exitCode}) ${error instanceof Error ? error.message : error}\n`));
        }
    }
    const format = args?.last("write-out");
    if (format !== undefined) {
        const text = format
            .replace(/%\{(\w+)\}/g, (match, name) =>
                name === "http_code" || name === "response_code" ? String(status).padStart(3, "0") : match,
            )
            .replace(/\\n/g, "\n");
        writeFully(1, Buffer.from(text));
    }
    process.exit(exitCode);
}

void main();
