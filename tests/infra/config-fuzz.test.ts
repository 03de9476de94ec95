import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { startCommand } from "../../cli/start/stack-config";
import { type Config, parseConfig, type RawConfig } from "../../infra/config";
import { ConfigError, type ConfigIssue, renderIssues } from "../../infra/config/issues";
import { KEYS } from "../../infra/config/keys";
import { filesOf } from "../../infra/config/project-files";
import { canonicalJson } from "../../run/canonical-json";
import { anyJson, anyJsonText, anyText, DEEP_JSON, expectNothingEvaluated, FUZZ } from "../helpers/fuzz";

const NAMES = Object.keys(KEYS);
const GCP = { project: "my-project", region: "us-central1", zone: "us-central1-a" };

/** A value as passed by `npx pulumi config set` or a stack file: text unchanged, lists and objects as JSON. */
const pulumiText = fc.oneof(
    anyJsonText,
    anyJson.map((value) => (typeof value === "string" ? value : JSON.stringify(value))),
    fc.tuple(anyText, anyJson).map(([name, value]) => JSON.stringify({ [name]: value })),
    anyJson.map((value) => JSON.stringify([value])),
);

const anyValues = fc
    .array(
        fc.tuple(
            fc.oneof({ arbitrary: fc.constantFrom(...NAMES), weight: 9 }, { arbitrary: anyText, weight: 1 }),
            pulumiText,
        ),
        {
            maxLength: 4,
        },
    )
    .map((entries): Record<string, string> => Object.fromEntries(entries));

let folder: string;

beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "config-fuzz-"));
});

afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
});

/** Returns the config, or the error that lists its issues. Any other error fails the test. */
function parseOrExplain(config: Partial<RawConfig>): Config | ConfigError {
    try {
        return parseConfig({ namespace: "gcp-trainer", values: {}, gcp: GCP, ...config }, filesOf(folder));
    } catch (error) {
        if (error instanceof ConfigError) {
            return error;
        }
        throw error;
    }
}

/** Expects an error in which every line names a set, missing or reserved key and a command that fixes it. */
function expectClear(error: ConfigError, set: readonly string[]): void {
    const known = [...NAMES, ...set];
    for (const { key, must } of error.issues as readonly ConfigIssue[]) {
        const [, name = ""] = /^(?:gcp-trainer|gcp):(.*)$/s.exec(key) ?? [];
        expect(known.some((each) => name.startsWith(each)) || Object.hasOwn(GCP, name)).toBe(true);
        expect(must).toMatch(/^(must|is|cannot) /);
    }
    for (const text of [error.message, renderIssues(error.issues, startCommand)]) {
        expect(text).toMatch(/^The stack config has \d+ problems?:\n {2}\* `gcp/);
        expect(text).not.toMatch(/^ {4}at |RangeError|TypeError/m);
    }
}

describe("any stack config", () => {
    it("is either converted to a config or rejected with an error that names the invalid keys", () => {
        fc.assert(
            fc.property(anyValues, fc.subarray(NAMES, { maxLength: 2 }), (values, secretKeys) => {
                const result = parseOrExplain({ values, secretKeys });
                if (result instanceof ConfigError) {
                    expectClear(result, Object.keys(values));
                } else {
                    // The run id and the user-data are derived from it.
                    expect(canonicalJson(result)).not.toBe("");
                }
            }),
            FUZZ,
        );

        expectNothingEvaluated();
        expect(readdirSync(folder)).toEqual([]);
    });

    it("may have any text as its project, region and zone", () => {
        const gcp = fc.record({ project: anyText, region: anyText, zone: anyText }, { requiredKeys: [] });
        fc.assert(
            fc.property(gcp, (location) => {
                const result = parseOrExplain({ gcp: location });
                expect(result).toBeInstanceOf(ConfigError);
                expectClear(result as ConfigError, []);
            }),
            FUZZ,
        );
    });

    // A column may have any name.
    it.each(NAMES.filter((name) => name !== "target"))(
        "causes an error that names %s if its value is nested 20,000 levels deep",
        (name) => {
            for (const text of DEEP_JSON) {
                const result = parseOrExplain({ values: { [name]: text } });
                expect(result).toBeInstanceOf(ConfigError);
                expectClear(result as ConfigError, []);
                expect((result as ConfigError).message).toContain(`gcp-trainer:${name}`);
            }
        },
    );
});
