// @ts-check
// The credentials that docker-credential-gcr returns: a token from the metadata server.

const http = require("node:http");
const { text } = require("node:stream/consumers");

/** Number of milliseconds without any data after which the metadata server counts as unreachable. */
const IDLE_MS = 10_000;

/**
 * @param {string} server
 * @returns {Promise<{ ServerURL: string, Username: string, Secret: string }>}
 */
async function credentialsFor(server) {
    const { status, body } = await askMetadata();
    if (status !== 200) {
        throw new Error(`the metadata server did not return a token (HTTP ${status})`);
    }
    return { ServerURL: server, Username: "_dcgcr_2_0_0_token", Secret: tokenIn(body) };
}

/** @returns {Promise<{ status: number | undefined, body: string }>} */
function askMetadata() {
    const metadata = process.env.GCE_METADATA_HOST ?? "metadata.google.internal";
    const url = `http://${metadata}/computeMetadata/v1/instance/service-accounts/default/token`;
    return new Promise((resolve, reject) => {
        const failed = (/** @type {string} */ what) => (/** @type {Error} */ error) =>
            reject(new Error(`the metadata server${what}: ${error.message}`));
        const request = http.get(url, { headers: { "metadata-flavor": "Google" }, agent: false }, (response) => {
            text(response).then(
                (body) => resolve({ status: response.statusCode, body }),
                failed("'s response is incomplete"),
            );
        });
        request.setTimeout(IDLE_MS, () => request.destroy(new Error("it does not respond")));
        request.on("error", failed(" is not reachable"));
    });
}

/** @param {string} body the metadata server's response */
function tokenIn(body) {
    let token;
    try {
        token = JSON.parse(body).access_token;
    } catch {
        // The response is not JSON.
    }
    if (typeof token !== "string") {
        throw new Error("the metadata server's response has no token");
    }
    return token;
}

module.exports = { credentialsFor };
