// @ts-check
// Replaces the package whatwg-url in the bundle: Node.js has this class itself, and the package loads `punycode`, about
// which Node.js prints a warning.
module.exports = { URL: globalThis.URL };
