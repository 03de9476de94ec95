// @ts-check
// Replaces `url` for packages in the bundle, because they call `url.parse`, which makes Node.js print a warning.
const url = require("node:url");

/** @param {string} text @param {any[]} rest */
function parse(text, ...rest) {
    if (rest.length > 0 || !URL.canParse(text)) {
        return url.parse(text, ...rest);
    }
    const found = new URL(text);
    const { auth = null, port = null, ...parts } = url.urlToHttpOptions(found);
    return { ...parts, auth, port: port === null ? null : String(port), host: found.host, slashes: true };
}

module.exports = { ...url, parse };
