import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { UsageError } from "../../../cli/shared/usage-error";
import { googleCloudCommand, readStackConfig, startCommand } from "../../../cli/start/stack-config";
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
            new UsageError(`--config takes a whole object; got "${override}" (npm start -- --config ${right})`),
        );
    });
});

describe("startCommand", () => {
    it.each<[Fix, string]>([
        [{ set: ["maxRunMinutes"], value: "60" }, "npm start -- --config maxRunMinutes=60"],
        [{ set: ["gcp:zone"], value: "us-central1-a" }, "npm start -- --config gcp:zone=us-central1-a"],
        [
            { set: ["hyperparameters", "maxDepth"], value: "10" },
            `npm start -- --config 'hyperparameters={"maxDepth":10}'`,
        ],
        [{ set: ["dropColumns", "0"], value: "Id" }, `npm start -- --config 'dropColumns=["Id"]'`],
        [{ remove: ["colour"] }, "leave out --config colour"],
        [{ remove: ["env", "AIP_MODEL_DIR"] }, "leave AIP_MODEL_DIR out of --config env"],
    ])("renders %j as %s", (fix, command) => {
        expect(startCommand(fix)).toBe(command);
    });
});

describe("googleCloudCommand", () => {
    it.each([
        [[], "npx pulumi up -s dev"],
        [
            ["target=price", "dataset=my data.csv"],
            "npx pulumi up -s dev --config target=price --config 'dataset=my data.csv'",
        ],
        [["target=it's"], "npx pulumi up -s dev --config 'target=it'\\''s'"],
        [["dropColumns=[]"], "npx pulumi up -s dev, with this in the config of Pulumi.dev.yaml: dropColumns: []"],
    ])("turns %j into %s", (overrides, command) => {
        expect(googleCloudCommand(overrides)).toBe(command);
    });
});
