// @ts-check
// Makes one call to a serialised dynamic provider, as Pulumi's host does
// (node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js), and sends its result to the parent process.

const path = require("node:path");
const { createRequire } = require("node:module");

const requireFromString = createRequire(require.resolve("@pulumi/pulumi"))("require-from-string");

/**
 * @typedef {{ text: string, method: "create" | "update" | "delete" | "read" | "diff" | "check", id?: string,
 *     olds?: object, inputs: object, config: Record<string, string> }} Call
 */

process.once("message", (message) => {
    const call = /** @type {Call} */ (message);
    run(call).then(
        (result) => finish({ result }),
        (error) => finish({ error: error instanceof Error ? error.message : String(error) }),
    );
});

// Without the parent process, nobody can receive the result.
process.on("disconnect", () => process.exit(1));

/** @param {Call} call */
async function run(call) {
    // The engine resolves modules from the project folder; in tests, the working folder may differ.
    const appendPaths = [path.join(process.cwd(), "node_modules"), ...(module.paths ?? [])];
    const provider = requireFromString(call.text, { appendPaths }).handler();
    await provider.configure?.({ config: configOf(call.config) });
    switch (call.method) {
        case "create":
            return provider.create(call.inputs);
        case "delete":
            return provider.delete?.(call.id, call.inputs);
        case "read":
            return provider.read?.(call.id, call.inputs);
        case "check":
            return provider.check?.(call.olds ?? {}, call.inputs);
        default:
            return provider[call.method]?.(call.id, call.olds ?? {}, call.inputs);
    }
}

/** @param {Record<string, string>} values */
function configOf(values) {
    return {
        /** @param {string} key */
        get: (key) => values[key],
        /** @param {string} key */
        require: (key) => {
            const value = values[key];
            if (value === undefined) {
                throw new Error(`Missing required configuration key: ${key}`);
            }
            return value;
        },
    };
}

/** @param {{ result: unknown } | { error: string }} answer */
function finish(answer) {
    process.send?.(answer, () => process.stdout.write("", () => process.exit(0)));
}
