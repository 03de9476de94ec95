// @ts-check
// The program that Pulumi runs: index.ts, loaded as in the other commands. Pulumi's own loader would compile it in
// every command, or fail with the errors of an old compiler if the packages for development are missing.

require("./load-typescript.cjs");

module.exports = require("./index.ts");
