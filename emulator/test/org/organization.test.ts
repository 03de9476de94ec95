import { type OrgRules, parseOrgRules } from "../../src";
import { type Answer, startTestEmulator, type TestEmulator } from "../../src/testing";
import { INSTANCES, instanceBody, PROJECT_ID, ZONE } from "../vm/support";

const KEY = `projects/keys/locations/us-central1/keyRings/r/cryptoKeys/k`;
const NETWORKS = `/compute/v1/projects/${PROJECT_ID}/global/networks`;
const SUBNETWORKS = `/compute/v1/projects/${PROJECT_ID}/regions/us-central1/subnetworks`;
const BUCKETS = `/storage/v1/b?project=${PROJECT_ID}`;
const REPOSITORIES = `/v1/projects/${PROJECT_ID}/locations/us-central1/repositories?repositoryId=images`;
const SECRETS = `/v1/projects/${PROJECT_ID}/secrets?secretId=s`;
const ACCOUNTS = `/v1/projects/${PROJECT_ID}/serviceAccounts`;

type Attempt = (emulator: TestEmulator) => Promise<Answer>;

const post =
    (path: string, body: object): Attempt =>
    (emulator) =>
        emulator.call("POST", path, { body });
const instance = (more: object = {}) => post(INSTANCES, instanceBody("vm", more));
const bucket = (more: object = {}) => post(BUCKETS, { name: "org-bucket", location: "us-central1", ...more });
const metadata = (key: string, value: string) => instance({ metadata: { items: [{ key, value }] } });
const disk = (key: object) => ({
    boot: true,
    initializeParams: { sourceImage: "projects/cos-cloud/global/images/family/cos-stable" },
    ...key,
});
const nic = (more: object) => instance({ networkInterfaces: [{ network: "global/networks/default", ...more }] });
const topic =
    (body: object): Attempt =>
    (emulator) =>
        emulator.call("PUT", `/v1/projects/${PROJECT_ID}/topics/finished`, { body });
const subnetwork: Attempt = async (emulator) => {
    await emulator.ok("POST", NETWORKS, { body: { name: "own", autoCreateSubnetworks: false } });
    const body = { name: "own", network: "global/networks/own", ipCidrRange: "10.0.0.0/28" };
    return emulator.call("POST", SUBNETWORKS, { body });
};

async function withOrg(rules: object, test: (emulator: TestEmulator) => Promise<void>): Promise<void> {
    const org: OrgRules = parseOrgRules(JSON.stringify(rules));
    const emulator = await startTestEmulator({ org });
    try {
        await test(emulator);
    } finally {
        await emulator.stop();
    }
}

describe("an organization's constraint", () => {
    it.each<[string, unknown, Attempt, number, RegExp, Attempt]>([
        [
            "compute.requireShieldedVm",
            true,
            instance(),
            412,
            /^Constraint constraints\/compute.requireShieldedVm violated for project projects\/demo-project\. Secure Boot is not enabled in the 'shielded_instance_config' field\./,
            instance({ shieldedInstanceConfig: { enableSecureBoot: true } }),
        ],
        [
            "compute.vmExternalIpAccess",
            [`${ZONE}/instances/allowed`],
            nic({ accessConfigs: [{}] }),
            412,
            /^Constraint constraints\/compute.vmExternalIpAccess violated for project \d+\. Add instance projects\/demo-project\/zones\/us-central1-a\/instances\/vm to the constraint to use external IP with it\.$/,
            instance(),
        ],
        [
            "compute.trustedImageProjects",
            ["projects/own-images"],
            instance(),
            412,
            /Use of images from project cos-cloud is prohibited\.$/,
            subnetwork,
        ],
        [
            "compute.disableSerialPortLogging",
            true,
            metadata("serial-port-logging-enable", "true"),
            412,
            /disableSerialPortLogging violated/,
            metadata("serial-port-logging-enable", "false"),
        ],
        [
            "compute.requireOsLogin",
            true,
            metadata("enable-oslogin", "FALSE"),
            412,
            /requireOsLogin violated/,
            metadata("enable-oslogin", "TRUE"),
        ],
        ["compute.requireVpcFlowLogs", ["ESSENTIAL"], subnetwork, 412, /requireVpcFlowLogs violated/, instance()],
        [
            "gcp.resourceLocations",
            ["europe-west4"],
            instance(),
            412,
            /^Location us-central1-a violates constraint constraints\/gcp.resourceLocations on the resource projects\//,
            bucket({ location: "EUROPE-WEST4" }),
        ],
        [
            "gcp.resourceLocations",
            ["europe-west4"],
            bucket(),
            412,
            /^'us-central1' violates constraint 'constraints\/gcp.resourceLocations'$/,
            bucket({ location: "EUROPE-WEST4" }),
        ],
        [
            "gcp.restrictNonCmekServices",
            ["compute.googleapis.com"],
            instance(),
            412,
            /violated for project demo-project attempting to create a resource not protected by CMEK crypto key\.$/,
            instance({ disks: [disk({ diskEncryptionKey: { kmsKeyName: KEY } })] }),
        ],
        [
            "gcp.restrictNonCmekServices",
            ["storage.googleapis.com"],
            bucket(),
            412,
            /restrictNonCmekServices/,
            bucket({ encryption: { defaultKmsKeyName: KEY } }),
        ],
        [
            "gcp.restrictNonCmekServices",
            ["artifactregistry.googleapis.com"],
            post(REPOSITORIES, { format: "DOCKER" }),
            400,
            /without specifying a KMS CryptoKey\.$/,
            post(REPOSITORIES, { format: "DOCKER", kmsKeyName: KEY }),
        ],
        [
            "gcp.restrictNonCmekServices",
            ["secretmanager.googleapis.com"],
            post(SECRETS, { replication: { userManaged: { replicas: [{ location: "us-central1" }] } } }),
            400,
            /without specifying a KMS CryptoKey\.$/,
            post(SECRETS, {
                replication: {
                    userManaged: {
                        replicas: [{ location: "us-central1", customerManagedEncryption: { kmsKeyName: KEY } }],
                    },
                },
            }),
        ],
        [
            "gcp.restrictNonCmekServices",
            ["pubsub.googleapis.com"],
            topic({}),
            400,
            /without specifying a KMS CryptoKey\.$/,
            topic({ kmsKeyName: KEY }),
        ],
        [
            "iam.disableServiceAccountCreation",
            true,
            post(ACCOUNTS, { accountId: "trainer" }),
            400,
            /^Service account creation is not allowed on this project\.$/,
            instance(),
        ],
        [
            "storage.softDeletePolicySeconds",
            [604_800],
            bucket({ softDeletePolicy: { retentionDurationSeconds: "0" } }),
            412,
            /^'0' violates constraint 'constraints\/storage.softDeletePolicySeconds'$/,
            bucket(),
        ],
        [
            "storage.uniformBucketLevelAccess",
            true,
            bucket(),
            412,
            /^Request violates constraint 'constraints\/storage.uniformBucketLevelAccess'$/,
            bucket({ iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } }),
        ],
        [
            "storage.publicAccessPrevention",
            true,
            bucket(),
            412,
            /publicAccessPrevention/,
            bucket({ iamConfiguration: { publicAccessPrevention: "enforced" } }),
        ],
    ])("%s %j refuses what it forbids and nothing else", async (name, value, forbidden, status, text, allowed) => {
        await withOrg({ constraints: { [name]: value } }, async (emulator) => {
            const refusal = await forbidden(emulator);
            expect([refusal.status, refusal.at("error.message")]).toEqual([status, expect.stringMatching(text)]);
            expect((await emulator.inventory()).filter(({ kind }) => kind !== "network")).toEqual([]);
            expect((await allowed(emulator)).text).not.toMatch(/"error"/);
        });
    });
});

describe("an operation", () => {
    it.each<[string, object, Attempt, string, string]>([
        [
            "exceeds the quota NETWORKS",
            { quotas: { NETWORKS: 0 } },
            post(NETWORKS, { name: "own", autoCreateSubnetworks: false }),
            "QUOTA_EXCEEDED",
            "Quota 'NETWORKS' exceeded.  Limit: 0.0 globally.",
        ],
        [
            "exceeds the quota CPUS",
            { quotas: { CPUS: 1 } },
            instance(),
            "QUOTA_EXCEEDED",
            "Quota 'CPUS' exceeded.  Limit: 1.0 in region us-central1.",
        ],
        [
            "needs a zone without capacity",
            { stockOuts: ["us-central1-a/e2-small"] },
            instance(),
            "ZONE_RESOURCE_POOL_EXHAUSTED",
            `The zone '${ZONE}' does not have enough resources available to fulfill the request.  Try a different zone, or try again later.`,
        ],
    ])("fails and creates nothing if it %s", async (_, rules, attempt, code, message) => {
        await withOrg(rules, async (emulator) => {
            const answer = await attempt(emulator);
            expect([answer.status, answer.at("status"), answer.at("error.errors.0")]).toEqual([
                200,
                "DONE",
                { code, message },
            ]);
            expect(await emulator.inventory()).toEqual([]);
        });
    });
});

describe("an organization's file", () => {
    it.each([
        ['{"constraints":{"compute.requireShieldedVM":true}}', /compute\.requireShieldedVM/],
        ['{"quotas":{"NETWORKS":"5"}}', /quotas\.NETWORKS/],
        ["[]", /the file/],
    ])("is rejected if it contains %s, and the error names the wrong value", (text, message) => {
        expect(() => parseOrgRules(text)).toThrow(message);
    });
});
