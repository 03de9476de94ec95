// @ts-check
// The program that Pulumi runs: index.ts, loaded as in the other commands. Pulumi's own loader would compile it for
// every command, or fail with an old compiler's errors if the development packages are missing.

require("./load-typescript.cjs");

module.exports = require("./index.ts");
