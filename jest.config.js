// @ts-check
const { availableParallelism } = require("node:os");

/** @type {import("jest").Config} */
module.exports = {
    testEnvironment: "node",
    // Many tests wait for a VM to boot, a container to start or a pause to end. Jest accepts no percentage above 100.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    testSequencer: "<rootDir>/tests/helpers/long-first.js",
    testMatch: ["<rootDir>/{tests,emulator/test,trainer/test}/**/*.test.ts"],
    testTimeout: 300_000,
    // A busy machine needs more than the default half second to end a worker. One that never ends is still reported.
    workerGracefulExitTimeout: 30_000,
    transform: { "\\.(mjs|ts|js)$": ["@swc/jest", { jsc: { target: "es2022" } }] },
    transformIgnorePatterns: ["/node_modules/(?!(hucre|path-to-regexp|@marcbachmann)/)"],
    modulePathIgnorePatterns: [
        ".emulator",
        ".bench",
        ".interruptions",
        ".build-context",
        ".venv",
        ".nodes",
        "dist",
        "models",
        "tests/infra/project/",
    ].map((folder) => `<rootDir>/${folder}`),
};
