// @ts-check
// docker-credential-gcr as on Container-Optimized OS: `configure-docker --registries HOST[,HOST]` and the credential
// helper's `get`. https://github.com/GoogleCloudPlatform/docker-credential-gcr

const { mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { credentialsFor } = require("./gcr-credentials.js");

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
    // Fail as on the real system: root's home is read-only, so without HOME there is nowhere to write.
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

async function get() {
    try {
        process.stdout.write(`${JSON.stringify(await credentialsFor(readFileSync(0, "utf8").trim()))}\n`);
    } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
    }
}

const [command, ...words] = process.argv.slice(2);
if (command === "configure-docker") {
    configureDocker(words);
} else if (command === "get") {
    void get();
} else {
    fail(`the command ${command ?? "(none)"} is not supported by the emulated VM; allowed: configure-docker, get`);
}
