import fc from "fast-check";
import { FORMATS, parseArguments } from "../../../cli/predict/arguments";
import { HELP, readArguments } from "../../../cli/shared/arguments";
import { PACKAGE_ROOT } from "../../../cli/shared/project";
import { UsageError } from "../../../cli/shared/usage-error";
import { readStackConfig } from "../../../cli/start/stack-config";
import { anyJsonText, anyText, expectNothingEvaluated, FUZZ } from "../../helpers/fuzz";

const OPTIONS = {
    config: { type: "string", multiple: true, short: "c" },
    runtime: { type: "string" },
    force: { type: "boolean" },
    ...HELP,
} as const;

const word = fc.oneof(
    fc.constantFrom(
        "--config",
        "-c",
        "--runtime",
        "--force",
        "--help",
        "-h",
        "-s",
        "--stack",
        "--run",
        "-f",
        "--format",
    ),
    fc.constantFrom(
        "dev",
        "model.json",
        "rows.csv",
        "out.csv",
        "out.xlsx",
        "gs://b/o.csv",
        "csv",
        "xlsx",
        "a.constructor",
    ),
    fc.tuple(fc.constantFrom("--config", "--help", "--force", "--format"), anyText).map((pair) => pair.join("=")),
    anyText,
);
const anyArguments = fc.array(word, { maxLength: 6 });

/** Returns the result, or the sentence that rejects the arguments. Any other error fails the test. */
function valueOrMessage<T>(read: () => T): T | string {
    try {
        return read();
    } catch (error) {
        if (error instanceof UsageError) {
            expect(error.message).not.toMatch(/^ {4}at /m);
            return error.message;
        }
        throw error;
    }
}

describe("an invalid option", () => {
    it.each([
        ["--foo", 'An option must be one of --config, --runtime, --force, --help; got "--foo" (npm start -- --help)'],
        [
            "--it's",
            'An option must be one of --config, --runtime, --force, --help; got "--it\'s" (npm start -- --help)',
        ],
        ["-x", 'An option must be one of --config, --runtime, --force, --help; got "-x" (npm start -- --help)'],
        [
            "-c",
            "--config must be followed by a value, or by = and a value that begins with a dash (npm start -- --help)",
        ],
        [
            "--config --force",
            "--config must be followed by a value, or by = and a value that begins with a dash (npm start -- --help)",
        ],
        ["--force=1", "--force must not have a value (npm start -- --help)"],
    ])("is explained in one sentence: %s", (args, message) => {
        expect(
            valueOrMessage(() => readArguments(args.split(" "), { help: "npm start -- --help", options: OPTIONS })),
        ).toBe(message);
    });
});

describe("any command-line arguments", () => {
    it("are parsed, or rejected with the command that prints the usage", () => {
        fc.assert(
            fc.property(anyArguments, (args) => {
                const result = valueOrMessage(() =>
                    readArguments(args, { help: "npm start -- --help", options: OPTIONS }),
                );
                if (typeof result === "string") {
                    expect(result).toMatch(/\(npm start -- --help\)$/);
                }
            }),
            FUZZ,
        );
        expectNothingEvaluated();
    });

    it("specify an input and a format for npm run predict, or are rejected", () => {
        fc.assert(
            fc.property(anyArguments, (args) => {
                const result = valueOrMessage(() => parseArguments(args));
                if (typeof result === "string") {
                    expect(result).toMatch(/\(npm run predict -- --help\)$/);
                } else {
                    expect(FORMATS).toContain(result.format);
                    expect(result.help || args.includes(result.input)).toBe(true);
                }
            }),
            FUZZ,
        );
    });

    it("are parsed into one string per key for --config, or are rejected", () => {
        const override = fc.oneof(
            fc.tuple(anyText, anyJsonText).map((pair) => pair.join("=")),
            anyText,
        );
        fc.assert(
            fc.property(fc.array(override, { maxLength: 3 }), (overrides) => {
                const result = valueOrMessage(() => readStackConfig(PACKAGE_ROOT, "local", overrides));
                if (typeof result === "string") {
                    expect(result).toMatch(/^--config /);
                } else {
                    expect(Object.values(result.values).every((value) => typeof value === "string")).toBe(true);
                }
            }),
            { ...FUZZ, numRuns: 100 },
        );
        expectNothingEvaluated();
    });
});
