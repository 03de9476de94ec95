import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { PULL_SECONDS, UPLOAD_SECONDS } from "../infra/defaults";
import { maxVmSeconds } from "../infra/user-data";
import { configTable } from "./helpers/config-table";

const root = path.resolve(__dirname, "..");
const read = (name: string) => readFileSync(path.join(root, name), "utf8");
const readme = read("README.md");

describe("README.md", () => {
    it("has the config table that Pulumi.yaml gives", () => {
        const shown = readme.match(/<!-- config table[^>]*-->\n(?<table>[\s\S]*?)\n<!-- end of config table -->/);
        expect(shown?.groups?.table).toBe(configTable(read("Pulumi.yaml")));
    });

    it("links only to files that are there", () => {
        const targets = [...readme.matchAll(/\]\((?<target>[^)#:]+)\)/g)].map((match) => match.groups?.target ?? "");
        expect(targets.length).toBeGreaterThan(3);
        expect(targets.filter((target) => !existsSync(path.join(root, target)))).toEqual([]);
    });

    it("tells the longest time of a VM as it is rendered", () => {
        const seconds = maxVmSeconds({
            ...{
                project: "p",
                region: "r",
                bucket: "b",
                runId: "r-0",
                image: "i",
                datasetUri: "gs://b/d",
                args: [],
                env: {},
            },
            ...{ maxRunSeconds: 0, debugSeconds: 0, pullSeconds: PULL_SECONDS, uploadSeconds: UPLOAD_SECONDS },
            ...{ maxAttempts: 1, privileged: false, gpuCount: 0 },
        });
        expect(readme).toContain(`\`maxRunMinutes\` + \`debugMinutes\` + ${Math.ceil(seconds / 60)} minutes`);
    });

    it("names only npm scripts that exist", () => {
        const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
        const named = [...readme.matchAll(/npm run (?<script>[\w:]+)/g)].map((match) => match.groups?.script ?? "");
        expect(named.length).toBeGreaterThan(2);
        expect(named.filter((script) => !(script in scripts))).toEqual([]);
    });
});
