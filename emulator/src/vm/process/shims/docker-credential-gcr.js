// @ts-check
// docker-credential-gcr as on Container-Optimized OS: `configure-docker --registries HOST[,HOST]` and the credential
// helper's `get`. https://github.com/GoogleCloudPlatform/docker-credential-gcr

const { mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const http = require("node:http");
const { text } = require("node:stream/consumers");

/** Time in milliseconds without any data after which the metadata server counts as unreachable. */
const IDLE_MS = 10_000;

/** @param {string} message @returns {never} */
function fail(message) {
    process.stderr.write(`docker-credential-gcr: ${message}\n`);
    process.exit(1);
}

/** @param {string[]} words */
function configureDocker(words) {
    let registries = /** @type {string[]} */ (["gcr.io"]);
    while (words.length > 0) {
        const word = words.shift() ?? "";
        const match = /^--?registries(?:=(.*))?$/.exec(word);
        if (match === null) {
            fail(`unknown option ${word}`);
        }
        registries = (match?.[1] ?? words.shift() ?? fail("--registries requires hosts")).split(",");
    }
    // Fail like the real system, where root's home is read-only, so without HOME there is nowhere to write.
    const home = process.env.HOME || fail("unable to save docker config: mkdir /root/.docker: read-only file system");
    const folder = join(home, ".docker");
    const file = join(folder, "config.json");
    let config = /** @type {{ credHelpers?: Record<string, string> }} */ ({});
    try {
        config = JSON.parse(readFileSync(file, "utf8"));
    } catch {
        // The file does not exist yet.
    }
    config.credHelpers = { ...config.credHelpers, ...Object.fromEntries(registries.map((host) => [host, "gcr"])) };
    try {
        mkdirSync(folder, { recursive: true });
        writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`);
    } catch (error) {
        fail(`unable to save docker config: ${error instanceof Error ? error.message : error}`);
    }
    process.stderr.write(`${file} configured to use this credential helper for ${registries.join(", ")}\n`);
}

/** @param {string} body the metadata server's response */
function tokenIn(body) {
    try {
        const { access_token: token } = JSON.parse(body);
        return typeof token === "string" ? token : fail("the metadata server's response has no token");
    } catch {
        return fail("the metadata server's response has no token");
    }
}

function get() {
    const server = readFileSync(0, "utf8").trim();
    const metadata = process.env.GCE_METADATA_HOST ?? "metadata.google.internal";
    const url = `http://${metadata}/computeMetadata/v1/instance/service-accounts/default/token`;
    const request = http.get(url, { headers: { "metadata-flavor": "Google" }, agent: false }, (response) => {
        text(response).then(
            (body) => {
                if (response.statusCode !== 200) {
                    fail(`the metadata server did not return a token (HTTP ${response.statusCode})`);
                }
                const answer = { ServerURL: server, Username: "_dcgcr_2_0_0_token", Secret: tokenIn(body) };
                process.stdout.write(`${JSON.stringify(answer)}\n`);
            },
            (error) => fail(`the metadata server's response is incomplete: ${error.message}`),
        );
    });
    request.setTimeout(IDLE_MS, () => request.destroy(new Error("it does not respond")));
    request.on("error", (error) => fail(`the metadata server is not reachable: ${error.message}`));
}

const [command, ...words] = process.argv.slice(2);
if (command === "configure-docker") {
    configureDocker(words);
} else if (command === "get") {
    get();
} else {
    fail(`the command ${command ?? "(none)"} is not supported by the emulated VM; allowed: configure-docker, get`);
}
