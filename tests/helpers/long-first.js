// @ts-check
// Starts the longest test files first, so that no worker is left alone with one of them at the end. Jest knows their
// durations only from an earlier run on the same machine.

const Sequencer = require("@jest/test-sequencer").default;

/** The files that take longest, in this order. */
const LONG = [
    "tests/e2e/start.test.ts",
    "tests/e2e/systemd/trouble.test.ts",
    "tests/e2e/systemd/life.test.ts",
    "tests/faults/requests.test.ts",
    "tests/e2e/variations.test.ts",
    "tests/faults/kills.test.ts",
    "tests/e2e/package.test.ts",
    "trainer/test/report/browser.test.ts",
    "tests/boot/confinement.test.ts",
    "tests/e2e/systemd/limits.test.ts",
    "tests/e2e/secrets.test.ts",
    "trainer/test/storage-faults.test.ts",
    "tests/e2e/simultaneous-starts.test.ts",
    "tests/e2e/emulator-package.test.ts",
    "trainer/test/image.test.ts",
    "tests/boot/integrity.test.ts",
    "tests/run/bucket-faults.test.ts",
    "tests/boot/trouble.test.ts",
    "tests/bench/bench.test.ts",
    "tests/boot/emulated-vm.test.ts",
];

module.exports = class LongFirst extends Sequencer {
    static LONG = LONG;

    /** @override @param {import("@jest/test-result").Test[]} tests */
    async sort(tests) {
        const rank = (/** @type {import("@jest/test-result").Test} */ { path }) => {
            const place = LONG.findIndex((name) => path.replaceAll("\\", "/").endsWith(`/${name}`));
            return place < 0 ? LONG.length : place;
        };
        return [...(await super.sort(tests))].sort((a, b) => rank(a) - rank(b));
    }
};
