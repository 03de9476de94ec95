import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { UsageError } from "../../../cli/shared/usage-error";
import { takeSecretEnv } from "../../../cli/start/secret-env";
import { googleCloudLines, readStackConfig, startCommand } from "../../../cli/start/stack-config";
import type { Fix } from "../../../infra/config/issues";

describe("readStackConfig", () => {
    let folder: string;

    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "stack-config-"));
        writeFileSync(
            path.join(folder, "Pulumi.yaml"),
            "name: job\nconfig:\n  target: {type: string, default: Species}\n  depth: {type: integer, default: 3}\n  list: {type: array, default: [a]}\n",
        );
        writeFileSync(path.join(folder, "Pulumi.local.yaml"), "config:\n  gcp:zone: z-a\n  job:depth: 5\n");
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("merges the project's defaults, the stack's file and the command line, in this order", () => {
        const { project, stack, values } = readStackConfig(folder, "local", ["target=price", "gcp:zone=z-b"]);
        expect({ project, stack }).toEqual({ project: "job", stack: "local" });
        expect(values).toEqual({ "job:target": "price", "job:depth": "5", "job:list": '["a"]', "gcp:zone": "z-b" });
    });

    it("uses everything after the first equals sign as the value", () => {
        expect(readStackConfig(folder, "local", ["target=a=b "]).values["job:target"]).toBe("a=b ");
    });

    it.each(["target", "=x"])("rejects the override %j and shows the correct form", (override) => {
        expect(() => readStackConfig(folder, "local", [override])).toThrow(UsageError);
        expect(() => readStackConfig(folder, "local", [override])).toThrow(`must be key=value; got "${override}"`);
    });

    it.each([
        ["hyperparameters.maxDepth=3", `'hyperparameters={"maxDepth":3}'`],
        ["hyperparameters.maxDepth=[3,5]", `'hyperparameters={"maxDepth":[3,5]}'`],
        ["labels.team=blue", `'labels={"team":"blue"}'`],
    ])("rejects the path %s and shows the object to use", (override, right) => {
        expect(() => readStackConfig(folder, "local", [override])).toThrow(
            new UsageError(`A setting must be a whole object; got "${override}" (npm start -- ${right})`),
        );
    });
});

describe("readStackConfig with secrets", () => {
    let folder: string;
    const writeStack = (config: string) => writeFileSync(path.join(folder, "Pulumi.local.yaml"), `config:\n${config}`);

    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "stack-config-"));
        writeFileSync(path.join(folder, "Pulumi.yaml"), "name: job\nconfig:\n  env: {type: object, default: {}}\n");
        writeStack("  job:env: {LEVEL: debug}\n");
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("makes all of env secret if any entry is, as the engine does", () => {
        const { values, secretKeys } = readStackConfig(folder, "local", [], { API_KEY: "a\nb" });
        expect(JSON.parse(values["job:env"] ?? "")).toEqual({ LEVEL: "debug", API_KEY: "a\nb" });
        expect(secretKeys).toEqual(["job:env"]);
        expect(readStackConfig(folder, "local", []).secretKeys).toEqual([]);
    });

    it("keeps an existing version's value out of env", () => {
        const overrides = ['secretEnv={"API_KEY":"key:3"}'];
        const { values, secretKeys, standIns } = readStackConfig(folder, "local", overrides, { API_KEY: "value" });
        expect([values["job:env"], secretKeys, standIns]).toEqual(['{"LEVEL":"debug"}', [], { API_KEY: "value" }]);
    });

    it("replaces an encrypted entry in env with the value that is passed", () => {
        writeStack("  job:env:\n    API_KEY: {secure: v1:a}\n    LEVEL: debug\n");
        const { values } = readStackConfig(folder, "local", [], { API_KEY: "value" });
        expect(JSON.parse(values["job:env"] ?? "")).toEqual({ LEVEL: "debug", API_KEY: "value" });
    });

    it.each([
        [
            "  job:env:\n    API_KEY: {secure: v1:a}\n",
            "`job:env.API_KEY` must be readable for a rehearsal; got an encrypted value in Pulumi.local.yaml, which only Pulumi can decrypt (API_KEY=VALUE npm start -- --secret-env API_KEY)",
        ],
        ["  job:env: {secure: v1:a}\n", "(npm start -- env={} --secret-env NAME, with each value in the"],
        ["  gcp:accessToken: {secure: v1:a}\n", "(npm start -- gcp:accessToken=VALUE)"],
    ])("rejects an encrypted value and explains how to pass it: %j", (config, message) => {
        writeStack(config);
        expect(() => readStackConfig(folder, "local", [])).toThrow(message);
    });

    it("accepts an encrypted value that --config replaces", () => {
        writeStack("  gcp:accessToken: {secure: v1:a}\n");
        expect(readStackConfig(folder, "local", ["gcp:accessToken=t"]).values["gcp:accessToken"]).toBe("t");
    });
});

describe("takeSecretEnv", () => {
    it("removes the values from the environment that programs inherit", () => {
        const env = { API_KEY: "value", PATH: "/bin" };
        expect(takeSecretEnv(["API_KEY"], env)).toEqual({ API_KEY: "value" });
        expect(env).toEqual({ PATH: "/bin" });
    });

    it("rejects a variable that is not set", () => {
        expect(() => takeSecretEnv(["API_KEY"], {})).toThrow(UsageError);
    });
});

describe("startCommand", () => {
    it.each<[Fix, string]>([
        [{ set: ["maxRunMinutes"], value: "60" }, "npm start -- maxRunMinutes=60"],
        [{ set: ["gcp:zone"], value: "us-central1-a" }, "npm start -- gcp:zone=us-central1-a"],
        [{ set: ["hyperparameters", "maxDepth"], value: "10" }, `npm start -- 'hyperparameters={"maxDepth":10}'`],
        [{ set: ["dropColumns", "0"], value: "Id" }, `npm start -- 'dropColumns=["Id"]'`],
        [{ remove: ["colour"] }, "leave out colour"],
        [{ remove: ["env", "AIP_MODEL_DIR"] }, "leave AIP_MODEL_DIR out of env"],
    ])("renders %j as %s", (fix, command) => {
        expect(startCommand(fix)).toBe(command);
    });
});

describe("googleCloudLines", () => {
    it.each([
        [[], ["npx pulumi up -s dev"]],
        [
            ["target=price", "dataset=my data.csv"],
            ["npx pulumi up -s dev --config target=price --config 'dataset=my data.csv'"],
        ],
        [
            ["target=price", "notify=https://example.com/key"],
            ["npx pulumi config set -s dev --secret notify && npx pulumi up -s dev --config target=price"],
        ],
        [["target=it's"], ["npx pulumi up -s dev --config 'target=it'\\''s'"]],
        [
            ["dropColumns=[]", 'hyperparameters={"trees":5}'],
            [
                "npx pulumi up -s dev",
                "with these lines under config: in Pulumi.dev.yaml:",
                "  dropColumns: []",
                '  hyperparameters: {"trees":5}',
            ],
        ],
    ])("turns %j into %j", (overrides, lines) => {
        expect(googleCloudLines(overrides)).toEqual(lines);
    });
});
