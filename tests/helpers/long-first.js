// @ts-check
// Starts the longest test files first, so that no worker is left alone with one of them at the end. Jest knows their
// durations only from an earlier run on the same machine.

const Sequencer = require("@jest/test-sequencer").default;

/** The files that take longest, in this order. */
const LONG = [
    "tests/boot/batch-states.test.ts",
    "tests/e2e/package.test.ts",
    "tests/e2e/start.test.ts",
    "tests/e2e/node-versions.test.ts",
    "tests/faults/kills.test.ts",
    "tests/e2e/variations.test.ts",
    "tests/boot/sweep-job.test.ts",
    "tests/e2e/systemd/trouble.test.ts",
    "trainer/test/report/browser.test.ts",
    "tests/e2e/capacity.test.ts",
    "trainer/test/report/page.test.ts",
    "tests/e2e/examples.test.ts",
    "tests/e2e/systemd/life.test.ts",
    "emulator/test/batch/runtimes.test.ts",
    "tests/emulated-stack/organisations.test.ts",
    "tests/e2e/sweep.test.ts",
    "trainer/test/csv/fuzz.test.ts",
    "trainer/test/storage-faults.test.ts",
    "tests/boot/confinement.test.ts",
    "tests/bench/bench.test.ts",
    "tests/e2e/python-image.test.ts",
    "emulator/test/vm/service.test.ts",
    "tests/faults/requests.test.ts",
    "trainer/test/report/page-script.test.ts",
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
