import { parseConfig } from "../../infra/config";
import { ConfigError, pulumiCommand, renderIssue } from "../../infra/config/issues";

function problems(values: Record<string, string>): string[] {
    const gcp = { project: "my-project", region: "us-central1", zone: "us-central1-a" };
    const files = {
        state: (file: string) => (file === "trainer" ? ("folder" as const) : ("file" as const)),
        dataset: () => [],
        hasBuiltInTrainer: (folder: string) => folder === "trainer",
    };
    try {
        parseConfig({ namespace: "gcp-trainer", values, gcp }, files);
    } catch (error) {
        if (error instanceof ConfigError) {
            return error.issues.map((issue) => renderIssue(issue, pulumiCommand));
        }
        throw error;
    }
    return [];
}

describe("a config that would be refused after everything else has been created", () => {
    it.each<[title: string, values: Record<string, string>, problem: string]>([
        [
            "a key that only a VM has",
            { engine: "batch", debugMinutes: "5" },
            "`gcp-trainer:debugMinutes` must not be set with engine batch, because Batch deletes its VMs at once; got 5 (npx pulumi config rm debugMinutes)",
        ],
        [
            "a key that only Batch has",
            { parallelism: "20" },
            "`gcp-trainer:parallelism` must not be set with engine vm, because only Batch runs many tasks; got 20 (npx pulumi config rm parallelism)",
        ],
        [
            "an array with engine vm",
            { tasks: "5", script: "train.py", trainer: "trainer" },
            "`gcp-trainer:tasks` must not be set with engine vm, because only Batch runs many tasks; got 5 (npx pulumi config rm tasks)",
        ],
        [
            "an array of this project's trainer",
            { engine: "batch", tasks: "5" },
            "`gcp-trainer:tasks` must not be set with this project's trainer, which does not split its work into tasks; got 5 (npx pulumi config rm tasks)",
        ],
        [
            "an array that is also a sweep",
            { engine: "batch", tasks: "5", script: "train.py", sweep: '{"rate":[1,2]}' },
            "`gcp-trainer:tasks` must not be set together with a sweep, which has one task for each point; got 5 (npx pulumi config rm tasks)",
        ],
        [
            "a machine that Batch lacks",
            { engine: "batch", machineType: "c4a-standard-4" },
            '`gcp-trainer:machineType` must belong to a machine series that engine batch supports, such as E2, N2, N4, C3, C4, G2 or A2; got "c4a-standard-4" (npx pulumi config set machineType e2-standard-2)',
        ],
        [
            "a zone in another region",
            { zones: '["europe-west4-b"]' },
            '`gcp-trainer:zones` must be `any` or zones in the stack\'s region, us-central1; got ["europe-west4-b"] (npx pulumi config set zones any)',
        ],
        [
            "more attempts than Batch makes",
            { engine: "batch", maxAttempts: "12" },
            "`gcp-trainer:maxAttempts` must be at most 11 with engine batch; got 12 (npx pulumi config set maxAttempts 11)",
        ],
        [
            "a run longer than a Batch job",
            { engine: "batch", maxRunMinutes: "20001" },
            "`gcp-trainer:maxRunMinutes` must be at most 20000 with engine batch, which ends a job after 14 days; got 20001 (npx pulumi config set maxRunMinutes 20000)",
        ],
        [
            "a fallback from standard VMs",
            { spotFallback: "standard" },
            '`gcp-trainer:provisioning` must be spot with spotFallback standard; got "standard" (npx pulumi config set provisioning spot)',
        ],
        [
            "a fallback without a second attempt",
            { engine: "batch", spotFallback: "standard", provisioning: "spot", maxAttempts: "1" },
            "`gcp-trainer:maxAttempts` must be at least 2 with spotFallback standard; got 1 (npx pulumi config set maxAttempts 3)",
        ],
    ])("is rejected: %s", (_title, values, problem) => {
        expect(problems(values)).toEqual([problem]);
    });

    it.each<[title: string, values: Record<string, string>]>([
        ["zones of a VM", { zones: '["us-central1-b","us-central1-a"]' }],
        ["a fallback of a VM", { provisioning: "spot", spotFallback: "standard" }],
        ["a single zone", { engine: "batch", zones: '["us-central1-b"]' }],
        ["any zone", { engine: "batch", zones: "any" }],
        ["spot VMs with a fallback", { engine: "batch", provisioning: "spot", spotFallback: "standard" }],
        ["the longest run with the most attempts", { engine: "batch", maxRunMinutes: "20000", maxAttempts: "11" }],
    ])("is accepted with %s", (_title, values) => {
        expect(problems(values)).toEqual([]);
    });
});
