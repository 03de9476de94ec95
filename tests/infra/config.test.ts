import path from "node:path";
import { type Config, parseConfig } from "../../infra/config";
import { ConfigError, pulumiCommand, renderIssue } from "../../infra/config/issues";
import { KEYS, ROWS } from "../../infra/config/keys";
import type { RawLocation } from "../../infra/config/location";
import { type FileState, filesOf, type ProjectFiles } from "../../infra/config/project-files";
import { PULL_SECONDS, UPLOAD_SECONDS } from "../../infra/defaults";
import { type BootConfig, maxVmSeconds } from "../../infra/user-data";

const GCP: RawLocation = { project: "my-project", region: "us-central1", zone: "us-central1-a" };
const BESIDE_KEYS = { ...GCP, secretValues: {}, datasetObjects: [], points: [] };

function files(states: Record<string, FileState> = {}): ProjectFiles {
    const all: Record<string, FileState> = {
        "data/iris.csv": "file",
        trainer: "folder",
        "trainer/Dockerfile": "file",
        own: "folder",
        "own/Dockerfile": "file",
        ...states,
    };
    return { state: (file) => all[file] ?? "missing", hasBuiltInTrainer: (folder) => folder === "trainer" };
}

function parse(values: Record<string, string>, gcp = GCP, at = files()): Config {
    return parseConfig({ namespace: "gcp-trainer", values, gcp }, at);
}

function problems(values: Record<string, string>, gcp = GCP, at = files()): string[] {
    try {
        parse(values, gcp, at);
    } catch (error) {
        if (error instanceof ConfigError) {
            return error.issues.map((issue) => renderIssue(issue, pulumiCommand));
        }
        throw error;
    }
    return [];
}

describe("a config without keys", () => {
    it("has the default value for every key, and the provider's project, region and zone", () => {
        expect(parse({})).toEqual({
            ...Object.fromEntries(ROWS.map(([name, key]) => [name, key.default])),
            ...BESIDE_KEYS,
        });
    });

    it("derives the region from the zone if the provider has no region", () => {
        expect(parse({}, { project: "my-project", zone: "europe-west4-b" }).region).toBe("europe-west4");
    });
});

it("a config with most keys set is converted to the types that the program uses", () => {
    const config = parse({
        dataset: "gs://bucket/data.csv",
        target: "Price",
        dropColumns: '["Id","Name"]',
        trainer: "own",
        trainerBuildArgs: '{"VERSION":3}',
        hyperparameters: '{"maxDepth":5,"rate":0.5,"layers":[1,2],"deep":{"a":true},"text":"$ %\\n"}',
        env: '{"LEVEL":"debug","ON":true,"N":1}',
        secretEnv: '{"API_KEY":"api-key:3"}',
        machineType: "n1-standard-4",
        bootImage: "projects/cos-cloud/global/images/family/cos-stable",
        bootDiskSizeGb: "50",
        bootDiskType: "pd-ssd",
        provisioning: "spot",
        gpuType: "nvidia-tesla-t4",
        gpuCount: "2",
        maxRunMinutes: "171360",
        maxAttempts: "1",
        maxCostUsd: "500",
        debugMinutes: "1200",
        network: "projects/host/global/networks/shared",
        subnetwork: "https://www.googleapis.com/compute/v1/projects/host/regions/us-central1/subnetworks/sub",
        externalIp: "true",
        serviceAccount: "me@my-project.iam.gserviceaccount.com",
        scopes: '["https://www.googleapis.com/auth/bigquery"]',
        privileged: "true",
        writableRoot: "true",
        wait: "false",
        resultsDir: "out/models",
        saveCheckpoints: "true",
        runName: "first try",
        notify: "projects/my-project/topics/training",
        labels: '{"team":"research","n":1,"empty":""}',
        enableApis: "false",
    });

    expect(config).toEqual({
        ...parse({}),
        dataset: "gs://bucket/data.csv",
        target: "Price",
        dropColumns: ["Id", "Name"],
        trainer: "own",
        trainerBuildArgs: { VERSION: "3" },
        hyperparameters: { maxDepth: 5, rate: 0.5, layers: [1, 2], deep: { a: true }, text: "$ %\n" },
        env: { LEVEL: "debug", ON: "true", N: "1" },
        secretEnv: { API_KEY: "api-key:3" },
        machineType: "n1-standard-4",
        bootImage: "projects/cos-cloud/global/images/family/cos-stable",
        bootDiskSizeGb: 50,
        bootDiskType: "pd-ssd",
        provisioning: "spot",
        gpuType: "nvidia-tesla-t4",
        gpuCount: 2,
        maxRunMinutes: 171360,
        maxAttempts: 1,
        maxCostUsd: 500,
        debugMinutes: 1200,
        network: "projects/host/global/networks/shared",
        subnetwork: "https://www.googleapis.com/compute/v1/projects/host/regions/us-central1/subnetworks/sub",
        externalIp: true,
        serviceAccount: "me@my-project.iam.gserviceaccount.com",
        scopes: ["https://www.googleapis.com/auth/bigquery"],
        privileged: true,
        writableRoot: true,
        wait: false,
        resultsDir: "out/models",
        saveCheckpoints: true,
        runName: "first try",
        notify: "projects/my-project/topics/training",
        labels: { team: "research", n: "1", empty: "" },
        enableApis: false,
    });
});

describe("an invalid value", () => {
    it.each<[key: string, value: string, problem: string]>([
        [
            "maxRunMinutes",
            "10abc",
            '` must be an integer from 1 to 171360; got "10abc" (npx pulumi config set maxRunMinutes 60)',
        ],
        ["maxRunMinutes", "", '` must be an integer from 1 to 171360; got ""'],
        ["maxRunMinutes", "1e3", "` must be an integer"],
        ["maxRunMinutes", "1.5", "` must be an integer"],
        ["maxRunMinutes", "0", "` must be an integer from 1"],
        ["maxRunMinutes", "171361", "` must be an integer from 1 to 171360"],
        ["maxAttempts", "0", "` must be an integer from 1 to 20"],
        ["debugMinutes", "-1", "` must be an integer from 0 to 1200"],
        ["bootDiskSizeGb", "9", "` must be an integer from 10 to 65536"],
        ["gpuCount", "two", "` must be an integer from 0 to 16"],
        ["wait", "yes", '` must be true or false; got "yes" (npx pulumi config set wait true)'],
        ["privileged", "1", "` must be true or false"],
        [
            "provisioning",
            "Spot",
            '` must be standard or spot; got "Spot" (npx pulumi config set provisioning standard)',
        ],
        ["machineType", "e2", "` must be a machine type such as e2-standard-2"],
        ["bootImage", "cos-stable", "` must be projects/<project>/global/images/family/<family> or"],
        ["bootDiskType", "PD SSD", "` must contain only lowercase letters, digits and dashes"],
        ["gpuType", "NVIDIA", "` must contain only lowercase letters, digits and dashes"],
        ["dataset", "", "` must be a file in the project or a gs:// URI"],
        ["dataset", "gs://bucket/", "` must be gs://<bucket>/<name>, gs://<bucket>/<folder>/, or a pattern"],
        ["dropColumns", "Id", "` must be a list; got \"Id\" (npx pulumi config set --path 'dropColumns[0]' Id)"],
        [
            "dropColumns",
            '["a",""]',
            "[1]` must be the name of a column; got \"\" (npx pulumi config set --path 'dropColumns[1]' Id)",
        ],
        ["dropColumns", "[1]", "[0]` must be a string; got 1"],
        [
            "hyperparameters",
            "[1]",
            '` must be an object; got "[1]" (npx pulumi config set --path hyperparameters.maxDepth 10)',
        ],
        ["hyperparameters", '{"target":"x"}', ".target` must be set with its own key, not as a hyperparameter"],
        [
            "hyperparameters",
            '{"dropColumns":[]}',
            ".dropColumns` must be set with its own key, not as a hyperparameter",
        ],
        [
            "hyperparameters",
            '{"a b":1}',
            '["a b"]` must have a name that contains only letters, digits, `_`, `.` and `-`',
        ],
        ["hyperparameters", '{"a b":1}', '; got "a b" (npx pulumi config rm --path \'hyperparameters["a b"]\')'],
        ["hyperparameters", '{"x":null}', ".x` must be a string, a number, a boolean, a list or an object; got null"],
        ["hyperparameters", '{"x":["\\u0000"]}', ".x` must not contain a NUL character"],
        ["env", '{"1A":"x"}', '["1A"]` must have a name that contains only letters, digits and `_`'],
        ["env", '{"AIP_MODEL_DIR":"x"}', ".AIP_MODEL_DIR` is reserved for the VM; choose another name"],
        ["env", '{"CLOUD_ML_REGION":"x"}', ".CLOUD_ML_REGION` is reserved for the VM"],
        ["env", '{"STORAGE_EMULATOR_HOST":"x"}', ".STORAGE_EMULATOR_HOST` is reserved for the VM"],
        ["env", '{"A":{"b":1}}', '.A` must be a string; got {"b":1} (npx pulumi config set --path env.A debug)'],
        ["env", '{"A":"\\u0000"}', ".A` must not contain a NUL character"],
        ["trainerBuildArgs", '{"A B":"x"}', '["A B"]` must have a name that contains only letters, digits and `_`'],
        ["network", "My Network", "` must be a name, or a path projects/<project>/.../networks/<name>"],
        [
            "subnetwork",
            "projects/p/global/networks/x",
            "` must be a name, or a path projects/<project>/.../subnetworks/<name>",
        ],
        ["serviceAccount", "me@example.com", "` must be a service account's email"],
        ["scopes", '["cloud-platform"]', "[0]` must be a scope's URL, https://www.googleapis.com/auth/..."],
        ["resultsDir", "", "` must be a folder inside the project"],
        ["resultsDir", "/tmp/x", "` must be a folder inside the project"],
        ["resultsDir", "a/../b", "` must be a folder inside the project"],
        ["resultsDir", "C:\\models", "` must be a folder inside the project"],
        ["labels", '{"Team":"x"}', ".Team` must have a name of at most 63 lowercase letters"],
        ["labels", '{"Team":"x"}', '; got "Team" (npx pulumi config rm'],
        ["labels", '{"goog-x":"x"}', ".goog-x` must have a name"],
        ["labels", '{"gcp-trainer":"x"}', ".gcp-trainer` is reserved for the job; choose another name"],
        [
            "labels",
            '{"team":"Research"}',
            '.team` must be at most 63 lowercase letters, digits, `_` and `-`; got "Research"',
        ],
        [
            "maxRunMinute",
            "5",
            "` is not a key of this project; did you mean `maxRunMinutes`? (npx pulumi config rm maxRunMinute)",
        ],
        ["colour", "red", "` is not a key of this project (npx pulumi config rm colour)"],
    ])("is reported: %s = %s", (key, value, problem) => {
        const found = problems({ [key]: value });

        expect(found).toHaveLength(1);
        expect(found[0]).toContain(`\`gcp-trainer:${key}`);
        expect(found[0]).toContain(problem);
    });
});

describe("values that contradict each other", () => {
    it.each<[title: string, values: Record<string, string>, problem: string]>([
        [
            "a network without a subnetwork",
            { network: "default" },
            '`gcp-trainer:subnetwork` must be set together with network; got "" (npx pulumi config set subnetwork default)',
        ],
        [
            "a subnetwork without a network",
            { subnetwork: "default" },
            '`gcp-trainer:network` must be set together with subnetwork; got "" (npx pulumi config set network default)',
        ],
        [
            "a GPU on a machine type that does not support one",
            { gpuType: "nvidia-tesla-t4", gpuCount: "1" },
            '`gcp-trainer:machineType` must be an n1 machine type with nvidia-tesla-t4; got "e2-standard-2" (npx pulumi config set machineType n1-standard-4)',
        ],
        [
            "the target among the dropped columns",
            { dropColumns: '["Id","Species"]' },
            '`gcp-trainer:dropColumns` must not contain the target, Species; got ["Id","Species"] (npx pulumi config rm --path \'dropColumns[1]\')',
        ],
        [
            "the built-in trainer without a target",
            { target: "" },
            '`gcp-trainer:target` must be the column that this project\'s trainer predicts; got "" (npx pulumi config set target Species)',
        ],
        [
            "more labels than a resource can have",
            { labels: JSON.stringify(Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`l${i}`, "x"]))) },
            "`gcp-trainer:labels` must have at most 62 labels",
        ],
        [
            "a key of another region",
            { kmsKey: "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k" },
            "`gcp-trainer:kmsKey` must be in the stack's region, us-central1",
        ],
        ["too short a retention of deleted objects", { softDeleteDays: "3" }, "must be 0, or from 7 to 90"],
        [
            "too small a disk for a GPU and an image of your own",
            { machineType: "n1-standard-4", gpuType: "nvidia-tesla-t4", gpuCount: "1", trainer: "own" },
            "`gcp-trainer:bootDiskSizeGb` must be at least 40 with a GPU",
        ],
        [
            "more text than the metadata can hold",
            { env: JSON.stringify({ A: "x".repeat(65_536) }) },
            "`gcp-trainer:hyperparameters` must, together with env, be at most 65536 bytes of JSON",
        ],
    ])("are reported: %s", (_title, values, problem) => {
        const found = problems(values);

        expect(found).toHaveLength(1);
        expect(found[0]).toContain(problem);
    });

    it("do not include a different trainer without a target", () => {
        expect(problems({ trainer: "own", target: "" })).toEqual([]);
    });
});

describe("files that the config names", () => {
    it.each<[FileState, string]>([
        ["missing", "found nothing"],
        ["empty file", "found an empty file"],
        ["unreadable", "found a file that cannot be read"],
    ])("are reported if the dataset is: %s", (state, problem) => {
        expect(problems({}, GCP, files({ "data/iris.csv": state }))).toEqual([
            `\`gcp-trainer:dataset\` must be a readable, non-empty file or a gs:// URI; ${problem}; got "data/iris.csv" (npx pulumi config set dataset data/iris.csv)`,
        ]);
    });

    it("are reported if the trainer's folder does not contain a Dockerfile", () => {
        expect(problems({}, GCP, files({ "trainer/Dockerfile": "missing" }))).toEqual([
            '`gcp-trainer:trainer` must be a folder with a Dockerfile; found nothing at its Dockerfile; got "trainer" (npx pulumi config set trainer trainer)',
        ]);
    });

    it("are resolved relative to the project folder", () => {
        const here = filesOf(path.join(__dirname, "project"));

        expect(here.state("data/iris.csv")).toBe("file");
        expect(here.state("data")).toBe("folder");
        expect(here.state("data/none.csv")).toBe("missing");
        expect(here.state("/dev/null")).toBe("empty file");
    });
});

describe("project, region and zone", () => {
    it.each<[RawLocation, string]>([
        [
            { ...GCP, project: undefined },
            "`gcp:project` must be the id of a Google Cloud project; got nothing (npx pulumi config set gcp:project my-project)",
        ],
        [{ ...GCP, project: "My Project" }, '`gcp:project` must be the id of a Google Cloud project; got "My Project"'],
        [
            { ...GCP, zone: undefined },
            "`gcp:zone` must be a zone such as us-central1-a; got nothing (npx pulumi config set gcp:zone us-central1-a)",
        ],
        [{ ...GCP, zone: "us-central1" }, '`gcp:zone` must be a zone such as us-central1-a; got "us-central1"'],
        [
            { ...GCP, region: "Iowa" },
            '`gcp:region` must be a region such as us-central1; got "Iowa" (npx pulumi config set gcp:region us-central1)',
        ],
        [
            { ...GCP, region: "us-east1" },
            '`gcp:region` must be the region of gcp:zone, us-central1-a; got "us-east1" (npx pulumi config set gcp:region us-central1)',
        ],
    ])("are reported if invalid: %j", (gcp, problem) => {
        expect(problems({}, gcp)).toEqual([expect.stringContaining(problem)]);
    });
});

it("a ConfigError reports every issue at once", () => {
    const values = { maxRunMinutes: "x", wait: "x", maxAttempt: "1", dataset: "nowhere.csv", network: "default" };
    const error = (() => {
        try {
            return parse(values, { ...GCP, project: undefined });
        } catch (thrown) {
            return thrown;
        }
    })();

    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).issues.map((issue) => ("key" in issue ? issue.key : issue.sentence))).toEqual([
        "gcp:project",
        "gcp-trainer:maxRunMinutes",
        "gcp-trainer:wait",
        "gcp-trainer:maxAttempt",
        "gcp-trainer:dataset",
        "gcp-trainer:subnetwork",
    ]);
    expect((error as ConfigError).issues[1]).toEqual({
        key: "gcp-trainer:maxRunMinutes",
        must: "must be an integer from 1 to 171360",
        got: "x",
        fix: { set: ["maxRunMinutes"], value: "60" },
    });
    expect((error as ConfigError).message).toMatch(/^The stack config has 6 problems:\n {2}\* `gcp:project` must be /);
});

it.each(ROWS)("the example for %s passes its own check", (_name, key) => {
    const [entry] = key.example.entry;
    const { value } = key.example;
    const text = { array: JSON.stringify([value]), object: JSON.stringify({ [entry ?? ""]: value }) };

    expect(key.parse(text[key.type as keyof typeof text] ?? value).problems).toEqual([]);
});

it("the largest allowed times keep a VM within Compute Engine's limit of 120 days", () => {
    const boot: BootConfig = {
        project: "",
        region: "",
        bucket: "",
        runId: "",
        image: "",
        datasetUri: "",
        args: [],
        env: {},
        maxRunSeconds: KEYS.maxRunMinutes.limits.max * 60,
        pullSeconds: PULL_SECONDS,
        uploadSeconds: UPLOAD_SECONDS,
        debugSeconds: KEYS.debugMinutes.limits.max * 60,
        maxAttempts: 1,
        privileged: false,
        writableRoot: false,
        gpuCount: 1,
    };

    expect(maxVmSeconds(boot)).toBeLessThanOrEqual(120 * 24 * 3600);
});
