import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { parseConfig } from "../../infra/config";
import { ROWS } from "../../infra/config/keys";
import { filesOf } from "../../infra/config/project-files";
import { BOOT_IMAGES } from "../../infra/defaults";
import { filesNamed, textOf } from "../helpers/source-files";

interface ConfigKey {
    description: string;
    default: unknown;
}

interface ProjectFile {
    name: string;
    main: string;
    description: string;
    config: Record<string, ConfigKey>;
}

const ROOT = path.join(__dirname, "..", "..");
const project: ProjectFile = readYaml("Pulumi.yaml");

function readYaml<T>(file: string): T {
    return parse(readFileSync(path.join(ROOT, file), "utf8"));
}

describe("Pulumi.yaml", () => {
    it("declares the same keys as infra/config/keys.ts, in the same order", () => {
        expect(Object.keys(project.config)).toEqual(ROWS.map(([name]) => name));
    });

    // If the keys had types, Pulumi itself would report a value of the wrong type and hide every other problem.
    it.each(ROWS)(
        "declares %s without a type, with its default and limits, and describes it in one line",
        (name, key) => {
            const declared = project.config[name];

            expect(declared).toEqual({
                description: expect.stringMatching(/^.{10,200}$/),
                default: key.default,
            });
            expect(declared?.description).toContain(key.limits ? `${key.limits.min} to ${key.limits.max}` : "");
        },
    );

    it("names the default boot images", () => {
        const description = project.config.bootImage?.description;

        expect(description).toContain(`\`${BOOT_IMAGES["linux/amd64"]}\``);
        expect(description).toContain(`\`${path.basename(BOOT_IMAGES["linux/arm64"])}\``);
    });

    // Without it, the engine runs the component exported by package.json, which declares nothing by itself.
    it("names the program", () => {
        expect(project.main).toBe("main.cjs");
    });
});

describe.each(["dev", "local"])("Pulumi.%s.yaml", (stack) => {
    const config = readYaml<{ config: Record<string, string> }>(`Pulumi.${stack}.yaml`).config;

    it("sets only keys for Google's APIs, because iris is the default", () => {
        expect(Object.keys(config).filter((key) => !/^(gcp|batch):/.test(key))).toEqual([]);
    });

    it("has a valid config once the placeholder is replaced by a project", () => {
        const projectId = config["gcp:project"]?.replace("my-project-id", "my-project");
        const gcp = { project: projectId, region: config["gcp:region"], zone: config["gcp:zone"] };

        expect(() => parseConfig({ namespace: project.name, values: {}, gcp }, filesOf(ROOT))).not.toThrow();
    });
});

it("Pulumi.local.yaml directs every request to the emulator on this machine", () => {
    const { config } = readYaml<{ config: Record<string, unknown> }>("Pulumi.local.yaml");
    const endpoints = Object.entries(config).filter(([key]) => /customEndpoint$/i.test(key));

    expect(Object.fromEntries(endpoints)).toEqual({
        "gcp:computeCustomEndpoint": "http://127.0.0.1:9010/compute/beta/",
        "gcp:storageCustomEndpoint": "http://127.0.0.1:9010/storage/v1/",
        "gcp:artifactRegistryCustomEndpoint": "http://127.0.0.1:9010/v1/",
        "gcp:pubsubCustomEndpoint": "http://127.0.0.1:9010/v1/",
        "gcp:cloudBillingCustomEndpoint": "http://127.0.0.1:9010/v1/",
        "gcp:iamBetaCustomEndpoint": "http://127.0.0.1:9010/v1/",
        "gcp:resourceManagerCustomEndpoint": "http://127.0.0.1:9010/v1/",
        "gcp:secretManagerCustomEndpoint": "http://127.0.0.1:9010/v1/",
        "batch:customEndpoint": "http://127.0.0.1:9010/batch/v1/",
        "gcp:serviceUsageCustomEndpoint": "http://127.0.0.1:9010/v1/",
    });
});

// `pulumi new` would replace the placeholders in every other file, too.
it("only two files of the template contain a placeholder that `pulumi new` replaces", () => {
    const found = filesNamed(/./, "template").filter((file) => /\$\{(PROJECT|DESCRIPTION)\}/.test(textOf(file)));

    expect(found.sort()).toEqual(["template/project/Pulumi.yaml", "template/project/README.md"]);
});
