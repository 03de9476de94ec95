// @ts-check
// Replaces the package whatwg-url in the bundle, because Node.js has a built-in `URL`, and the package loads
// `punycode`, which makes Node.js print a warning.
module.exports = { URL: globalThis.URL };
