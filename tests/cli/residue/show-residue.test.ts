import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { residueLines, showResidue } from "../../../cli/residue/show-residue";
import { startTestEmulator, type TestEmulator } from "../../../emulator/src/testing";
import { jobNames } from "../../../infra/names";
import { TestProject } from "../shared/test-project";

const PROJECT_ID = "demo-project";
const names = jobNames({ project: PROJECT_ID, pulumiProject: "iris", stack: "dev", component: "trainer" });
const labels = { "gcp-trainer": names.label };
const COMPUTE = `/compute/v1/projects/${PROJECT_ID}`;

let emulator: TestEmulator;
let project: TestProject;
let cache: string;

beforeEach(async () => {
    cache = mkdtempSync(path.join(tmpdir(), "residue-"));
    process.env.XDG_CACHE_HOME = cache;
    // Jobs stay queued, so that they do not start VMs.
    emulator = await startTestEmulator({ batch: { tickMs: 3_600_000 } });
    project = new TestProject();
    writeFileSync(path.join(project.folder, "Pulumi.yaml"), "name: iris\nruntime: nodejs\n");
    configure();
});
function configure(): void {
    const v1 = `${emulator.url}/v1/`;
    const config = {
        "gcp:project": PROJECT_ID,
        "gcp:zone": "us-central1-a",
        "gcp:accessToken": "developer",
        "gcp:storageCustomEndpoint": `${emulator.url}/storage/v1/`,
        "gcp:computeCustomEndpoint": `${emulator.url}/compute/v1/`,
        "gcp:artifactRegistryCustomEndpoint": v1,
        "gcp:iamBetaCustomEndpoint": v1,
        "gcp:secretManagerCustomEndpoint": v1,
        "gcp:pubsubCustomEndpoint": v1,
        "gcp:cloudBillingCustomEndpoint": v1,
        "batch:customEndpoint": `${emulator.url}/batch/v1/`,
    };
    const values = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value }]));
    project.pulumi({ "config --json --show-secrets --stack dev --non-interactive": values });
}

afterEach(async () => {
    delete process.env.XDG_CACHE_HOME;
    rmSync(cache, { recursive: true, force: true });
    project.remove();
    await emulator.stop();
});

async function call(method: string, url: string, body?: object) {
    const answer = await emulator.call(method, url, body === undefined ? {} : { body });
    expect([url, answer.status, answer.status === 200 ? "" : answer.at("error.message")]).toEqual([url, 200, ""]);
    return answer;
}
const show = () => showResidue(["-s", "dev"], project.context);
/** The kinds and names of what was found. */
const found = () =>
    project.printed.filter((line) => !line.startsWith("  ")).map((line) => line.replace(/ \(.*|, free$|, \$.*/, ""));

async function plantVm(name: string): Promise<void> {
    await call("POST", `${COMPUTE}/zones/us-central1-a/instances`, {
        name,
        machineType: "zones/us-central1-a/machineTypes/e2-standard-2",
        disks: [
            {
                boot: true,
                autoDelete: false,
                initializeParams: {
                    sourceImage: "projects/cos-cloud/global/images/family/cos-stable",
                    diskSizeGb: "20",
                    diskType: "zones/us-central1-a/diskTypes/pd-balanced",
                },
            },
        ],
        networkInterfaces: [{ network: "global/networks/default" }],
    });
}

it("finds nothing in an empty project, and exits with 0", async () => {
    expect(await show()).toBe(0);
    expect(project.printed).toEqual([`nothing is left of stack dev in project ${PROJECT_ID}`]);
});

it("finds one planted leftover of every kind, and nothing that belongs to others", async () => {
    const vm = names.instance("r-0123456789");
    await plantVm(vm);
    await plantVm("somebody-elses");
    const zone = `${COMPUTE}/zones/us-central1-a`;
    await call("POST", `${COMPUTE}/global/images`, {
        name: "saved",
        labels,
        sourceDisk: `zones/us-central1-a/disks/${vm}`,
    });
    await call("POST", `${COMPUTE}/regions/us-central1/addresses`, { name: "reserved", labels });
    await call("POST", `${COMPUTE}/regions/us-central1/addresses`, { name: "other" });
    await call("POST", `${COMPUTE}/global/networks`, { name: names.network, autoCreateSubnetworks: false });
    await call("POST", `${COMPUTE}/regions/us-central1/subnetworks`, {
        name: names.subnetwork,
        network: `projects/${PROJECT_ID}/global/networks/${names.network}`,
        ipCidrRange: "10.1.0.0/24",
    });
    await call("POST", `${COMPUTE}/regions/us-central1/subnetworks`, {
        name: names.batchSubnetwork,
        network: `projects/${PROJECT_ID}/global/networks/${names.network}`,
        ipCidrRange: "10.2.0.0/24",
    });
    const jobs = `/batch/v1/projects/${PROJECT_ID}/locations/us-central1/jobs`;
    for (const id of [names.batchJob("r-0123456789"), "somebody-elses"]) {
        await call("POST", `${jobs}?jobId=${id}`, {
            taskGroups: [
                {
                    taskSpec: { runnables: [{ script: { text: "true" } }], maxRunDuration: "60s" },
                    taskCount: "1",
                },
            ],
            allocationPolicy: {
                instances: [{ policy: { machineType: "e2-standard-2", bootDisk: { image: "batch-cos" } } }],
            },
            logsPolicy: { destination: "CLOUD_LOGGING" },
        });
    }
    await call("POST", `${COMPUTE}/global/firewalls`, {
        name: names.firewall,
        network: `projects/${PROJECT_ID}/global/networks/${names.network}`,
        direction: "INGRESS",
        denied: [{ IPProtocol: "all" }],
        sourceRanges: ["0.0.0.0/0"],
    });
    await emulator.makeBucket(names.bucket, {
        versioning: { enabled: true },
        softDeletePolicy: { retentionDurationSeconds: "604800" },
    });
    // The first version becomes noncurrent, and the third one is deleted but kept.
    const generations: unknown[] = [];
    for (const body of ["first", "second", "third"]) {
        const upload = `/upload/storage/v1/b/${names.bucket}/o?uploadType=media&name=data.csv`;
        generations.push((await emulator.call("POST", upload, { body })).at("generation"));
    }
    await emulator.call("DELETE", `/storage/v1/b/${names.bucket}/o/data.csv?generation=${generations[2]}`);
    const repositories = `/v1/projects/${PROJECT_ID}/locations/us-central1/repositories`;
    await call("POST", `${repositories}?repositoryId=${names.repository}`, { format: "DOCKER", labels });
    await call("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { accountId: names.account });
    await call("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { accountId: "somebody-else" });
    await call("POST", `/v1/projects/${PROJECT_ID}/secrets?secretId=${names.secretPrefix}-TOKEN`, {
        replication: { automatic: {} },
    });
    for (const name of [names.topic, "somebody-elses"]) {
        const topic = `projects/${PROJECT_ID}/topics/${name}`;
        await call("PUT", `/v1/${topic}`, {});
        await call("PUT", `/v1/projects/${PROJECT_ID}/subscriptions/${name}`, {
            topic,
            pushConfig: { pushEndpoint: "https://example.com/" },
        });
    }
    await call("DELETE", `${zone}/instances/somebody-elses`);
    // A bucket that has been deleted, but that Cloud Storage keeps for a week.
    for (const bucket of [`${names.label}-old`, "somebody-elses"]) {
        await emulator.makeBucket(bucket);
        await emulator.call("DELETE", `/storage/v1/b/${bucket}`);
    }

    expect(await show()).toBe(1);

    const account = `${names.account}@${PROJECT_ID}.iam.gserviceaccount.com`;
    expect(found()).toEqual([
        `VM ${vm}`,
        `disk ${vm}`,
        "image saved",
        "address reserved",
        `firewall rule ${names.firewall}`,
        `subnetwork ${names.batchSubnetwork}`,
        `subnetwork ${names.subnetwork}`,
        `network ${names.network}`,
        `bucket ${names.bucket}`,
        `deleted bucket ${names.label}-old`,
        `repository ${names.repository}`,
        `service account ${account}`,
        `secret ${names.secretPrefix}-TOKEN`,
        `Pub/Sub topic ${names.topic}`,
        `Pub/Sub subscription ${names.topic}`,
        `Batch job ${names.batchJob("r-0123456789")}`,
        "16 resources are left: $2.00 a month, plus the price of a running VM, plus resources of unknown cost",
    ]);
    const text = project.printed.join("\n");
    expect(text).toContain(`disk ${vm} (20 GB in us-central1-a), $2.00 a month`);
    expect(text).toContain(`Batch job ${names.batchJob("r-0123456789")} (QUEUED in us-central1), free`);
    expect(text).toContain(`bucket ${names.bucket} (0 GB, 0 GB in earlier versions, 0 GB deleted, but kept)`);
    expect(text).toContain(`  gcloud compute disks delete ${vm} --zone us-central1-a --project ${PROJECT_ID}`);
});

it("says that the cost is unknown if the price list cannot be read", () => {
    const leftover = { kind: "secret", name: "s", detail: "", gib: {}, removal: "gcloud secrets delete s" };

    expect(residueLines([leftover], "no network")).toEqual([
        "secret s, cost unknown",
        "  gcloud secrets delete s",
        "1 resource is left; their cost is unknown, because no network",
    ]);
});

it("names the APIs that it cannot check because they are disabled", async () => {
    await emulator.restart({ apiDelayMs: 1 });
    configure();

    expect(await show()).toBe(0);
    expect(project.printed).toEqual([
        ...["artifactregistry", "batch", "compute", "iam", "pubsub", "secretmanager", "storage"].map(
            (api) => `not checked: project ${PROJECT_ID} has disabled ${api}.googleapis.com`,
        ),
        `nothing is left of stack dev in project ${PROJECT_ID}`,
    ]);
});
