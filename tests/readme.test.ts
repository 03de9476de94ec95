import { PULL_SECONDS, UPLOAD_SECONDS } from "../infra/defaults";
import { maxVmSeconds } from "../infra/user-data";
import { tableRows } from "./helpers/markdown";
import { filesNamed, lineCount, textOf } from "./helpers/source-files";
import { declareJob } from "./infra/declared-stack";

const readme = textOf("README.md");
/** The README and the pages that it was split into. */
const manual = ["README.md", "trainer/README.md", "emulator/README.md", ...filesNamed(/\.md$/, "docs")];

describe("README.md", () => {
    it("fits on one page of at most 130 lines", () => {
        expect(lineCount("README.md")).toBeLessThanOrEqual(130);
    });

    it("states the maximum lifetime of a VM with the default config", () => {
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
            ...{ maxAttempts: 1, privileged: false, writableRoot: false, gpuCount: 0 },
        });
        expect(readme.replaceAll(/\s+/g, " ")).toContain(
            `\`maxRunMinutes\` + \`debugMinutes\` + ${Math.ceil(seconds / 60)} minutes`,
        );
    });
});

describe("docs/roles.md", () => {
    it("requires the same roles for an existing account as the stack grants to its own", async () => {
        // Some of the grants exist only in a stack with secrets, with notifications or with Batch.
        const config = { secretEnv: '{"API_KEY":"api-key:1"}', notify: "https://example.com/", engine: "batch" };
        const { resources } = await declareJob(config);
        const granted = resources.map(({ inputs }) => inputs.role).filter((role) => typeof role === "string");
        const listed = tableRows("docs/roles.md", "role of the VM's account").map(([role = ""]) =>
            role.replaceAll("`", ""),
        );

        expect(granted.length).toBeGreaterThan(3);
        expect(listed.sort()).toEqual(granted.sort());
    });
});

describe("the manual", () => {
    it("names only npm scripts that exist", () => {
        const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
        const named = manual.flatMap((file) =>
            [...textOf(file).matchAll(/npm run (?:--silent )?(?<script>[\w:]+)/g)].map((match) => ({
                file,
                script: match.groups?.script ?? "",
            })),
        );

        expect(named.length).toBeGreaterThan(5);
        expect(named.filter(({ script }) => !(script in scripts))).toEqual([]);
    });
});
