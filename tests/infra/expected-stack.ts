import { type BootConfig, maxVmSeconds, renderUserData } from "../../infra/user-data";
import { IMAGE_DIGEST, OWNER, REGISTRY_URI, secret } from "./declared-stack";

/** The stack `dev` with the default config, using the tests' small dataset and trainer. */
export const BASE = "gcp-trainer-dev-971bc2";
export const BUCKET = "gcp-trainer-dev-971bc250c1";
export const ACCOUNT = `${BASE}@my-project.iam.gserviceaccount.com`;
export const MEMBER = `serviceAccount:${ACCOUNT}`;
export const LABELS = { "gcp-trainer": BASE, "gcp-trainer-owner": OWNER };
/** End of the description for a resource that cannot have labels. */
export const DESCRIBED = `(gcp-trainer-owner: ${OWNER})`;
export const RUN_ID = "r-a8ab9912bd";
export const VM = `${BASE}-${RUN_ID}`;
export const DATASET_URI = `gs://${BUCKET}/data/0298f1addd/iris.csv`;
export const APIS = ["compute", "artifactregistry", "iam", "storage", "logging"].map((api) => `trainer-apis-${api}`);
/** All permissions that the VM's account has. */
export const GRANTS = ["bucket-lister", "dataset-reader", "image-puller", "log-writer", "runs-writer"].map(
    (grant) => `trainer-identity-${grant}`,
);

/** Boot config for the expected VM. */
export const BOOT: BootConfig = {
    project: "my-project",
    region: "us-central1",
    bucket: BUCKET,
    runId: RUN_ID,
    image: `${REGISTRY_URI}/trainer@${IMAGE_DIGEST}`,
    datasetUri: DATASET_URI,
    args: ["--target=Species"],
    env: {},
    maxRunSeconds: 3600,
    pullSeconds: 1800,
    uploadSeconds: 900,
    debugSeconds: 0,
    maxAttempts: 3,
    privileged: false,
    writableRoot: false,
    gpuCount: 0,
};

/** A resource, with the inputs that determine security, identity, cost or lifetime. */
export interface ExpectedResource {
    type: string;
    name: string;
    /** Its parent component, which is part of its URN. */
    parent: string;
    /** Resources that it depends on in addition to those in its inputs. @default [] */
    dependsOn?: string[];
    inputs: Record<string, unknown>;
    /** Names of the inputs that can have any value. All other inputs are forbidden. @default [] */
    free?: string[];
    /** True if the cleanup removes it. @default false */
    isOwned?: true;
}

const CLEANUP = "trainer-cleanup";
const CLEANUP_INPUTS = {
    __provider: "source text",
    region: "us-central1",
    bucket: BUCKET,
    repository: BASE,
    account: BASE,
    network: `${BASE}-network`,
    subnetwork: `${BASE}-subnet`,
    firewall: `${BASE}-firewall`,
    sharedBuckets: [],
    sharedSecrets: [],
};

function grant(type: string, name: string, inputs: Record<string, unknown>, free: string[] = []): ExpectedResource {
    const fullName = `trainer-identity-${name}`;
    return {
        type,
        name: fullName,
        parent: "trainer-identity",
        dependsOn: [CLEANUP],
        isOwned: true,
        inputs: { ...inputs, member: MEMBER },
        free,
    };
}

/**
 * A grant on the job's bucket.
 * @param folder restricts the grant to the objects in this folder
 */
function bucketGrant(name: string, role: string, folder?: string, title = folder): ExpectedResource {
    const expression = `resource.name.startsWith("projects/_/buckets/${BUCKET}/objects/${folder}/")`;
    const condition = { title: `gcp-trainer-${title}`, expression };
    return grant("gcp:storage/bucketIAMMember:BucketIAMMember", name, {
        bucket: BUCKET,
        role,
        ...(folder !== undefined && { condition }),
    });
}

export const expected: readonly ExpectedResource[] = [
    ...APIS.map((name) => ({
        type: "gcp:projects/service:Service",
        name,
        parent: "trainer-apis",
        inputs: { service: `${name.replace("trainer-apis-", "")}.googleapis.com`, disableOnDestroy: false },
        free: ["project"],
    })),
    {
        type: "pulumi-nodejs:dynamic/gcp-trainer:ReadyApis",
        name: "trainer-apis-ready",
        parent: "trainer-apis",
        dependsOn: APIS,
        inputs: {
            __provider: "source text",
            region: "us-central1",
            services: APIS.map((name) => name.replace("trainer-apis-", "")),
        },
        free: ["project"],
    },
    {
        type: "pulumi-nodejs:dynamic/gcp-trainer:Cleanup",
        name: CLEANUP,
        parent: "trainer",
        dependsOn: ["trainer-apis-ready"],
        inputs: { ...CLEANUP_INPUTS, scope: "everything", existingOwner: "" },
        free: ["project"],
    },
    {
        type: "pulumi-nodejs:dynamic/gcp-trainer:Cleanup",
        name: "trainer-vm-cleanup",
        parent: "trainer",
        dependsOn: ["trainer-saved-results"],
        inputs: { ...CLEANUP_INPUTS, scope: "instances", existingOwner: OWNER },
        free: ["project"],
    },
    {
        type: "gcp:storage/bucket:Bucket",
        name: "trainer-data",
        parent: "trainer-data",
        dependsOn: [CLEANUP],
        isOwned: true,
        inputs: {
            name: BUCKET,
            uniformBucketLevelAccess: true,
            publicAccessPrevention: "enforced",
            versioning: { enabled: true },
            lifecycleRules: [{ action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 1 } }],
            softDeletePolicy: { retentionDurationSeconds: 0 },
            forceDestroy: true,
            deletionPolicy: "ABANDON",
            labels: LABELS,
        },
        free: ["project", "location"],
    },
    {
        type: "gcp:storage/bucketObject:BucketObject",
        name: "trainer-data-dataset",
        parent: "trainer-data",
        dependsOn: [CLEANUP],
        isOwned: true,
        inputs: { bucket: BUCKET, name: "data/0298f1addd/iris.csv", source: { file: "data/iris.csv" } },
        free: ["contentType"],
    },
    {
        type: "pulumi-nodejs:dynamic/gcp-trainer:SavedResults",
        name: "trainer-saved-results",
        parent: "trainer",
        dependsOn: ["trainer-data"],
        inputs: {
            __provider: "source text",
            bucket: BUCKET,
            stack: "dev",
            resultsDir: "models",
            saveCheckpoints: false,
        },
    },
    {
        type: "gcp:artifactregistry/repository:Repository",
        name: "trainer-image-repository",
        parent: "trainer-image",
        dependsOn: [CLEANUP],
        isOwned: true,
        inputs: {
            repositoryId: BASE,
            cleanupPolicyDryRun: false,
            cleanupPolicies: [
                {
                    id: "delete-untagged",
                    action: "DELETE",
                    condition: { tagState: "UNTAGGED", olderThan: "604800s" },
                },
            ],
            labels: LABELS,
        },
        free: ["project", "location", "format", "description"],
    },
    {
        type: "docker:index/image:Image",
        name: "trainer-image",
        parent: "trainer-image",
        dependsOn: [CLEANUP],
        isOwned: true,
        inputs: {
            imageName: `${REGISTRY_URI}/trainer:current`,
            registry: secret({
                server: "us-central1-docker.pkg.dev",
                username: "oauth2accesstoken",
                password: "token",
            }),
            skipPush: false,
        },
        free: ["build", "buildOnPreview"],
    },
    {
        type: "gcp:serviceaccount/account:Account",
        name: "trainer-identity",
        parent: "trainer-identity",
        dependsOn: [CLEANUP],
        isOwned: true,
        inputs: {
            accountId: BASE,
            description: `Trains models on one stack's VMs ${DESCRIBED}`,
            createIgnoreAlreadyExists: true,
        },
        free: ["project", "displayName"],
    },
    bucketGrant("bucket-lister", "roles/storage.legacyBucketReader"),
    bucketGrant("dataset-reader", "roles/storage.objectViewer", "data"),
    bucketGrant("runs-writer", "roles/storage.objectUser", `runs/${RUN_ID}`, "run"),
    grant(
        "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
        "image-puller",
        { repository: BASE, role: "roles/artifactregistry.reader" },
        ["project", "location"],
    ),
    grant("gcp:projects/iAMMember:IAMMember", "log-writer", { role: "roles/logging.logWriter" }, ["project"]),
    {
        type: "gcp:compute/network:Network",
        name: "trainer-network",
        parent: "trainer-network",
        dependsOn: [CLEANUP],
        isOwned: true,
        inputs: {
            name: `${BASE}-network`,
            description: `Network of one gcp-trainer job ${DESCRIBED}`,
            autoCreateSubnetworks: false,
        },
        free: ["project"],
    },
    {
        type: "gcp:compute/subnetwork:Subnetwork",
        name: "trainer-network-subnetwork",
        parent: "trainer-network",
        dependsOn: [CLEANUP],
        isOwned: true,
        inputs: {
            name: `${BASE}-subnet`,
            description: `Subnetwork of one gcp-trainer job ${DESCRIBED}`,
            network: "trainer-network-id",
            privateIpGoogleAccess: true,
        },
        free: ["project", "region", "ipCidrRange"],
    },
    {
        type: "gcp:compute/instance:Instance",
        name: "trainer-vm",
        parent: "trainer-vm",
        dependsOn: ["trainer-vm-cleanup", ...GRANTS],
        inputs: {
            deletionPolicy: "ABANDON",
            name: VM,
            machineType: "e2-standard-2",
            labels: LABELS,
            bootDisk: {
                autoDelete: true,
                initializeParams: {
                    image: "projects/cos-cloud/global/images/family/cos-129-lts",
                    size: 20,
                    labels: LABELS,
                    type: "pd-balanced",
                },
            },
            networkInterfaces: [{ network: "trainer-network-id", subnetwork: "trainer-network-subnetwork-id" }],
            serviceAccount: {
                email: ACCOUNT,
                scopes: [
                    "https://www.googleapis.com/auth/devstorage.read_write",
                    "https://www.googleapis.com/auth/logging.write",
                ],
            },
            scheduling: {
                automaticRestart: false,
                preemptible: false,
                provisioningModel: "STANDARD",
                onHostMaintenance: "MIGRATE",
                instanceTerminationAction: "STOP",
                maxRunDuration: { seconds: maxVmSeconds(BOOT) },
            },
            shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
            metadata: {
                "user-data": renderUserData(BOOT),
                "google-logging-enabled": "true",
                "block-project-ssh-keys": "true",
                "enable-oslogin": "TRUE",
            },
        },
        free: ["project", "zone", "description"],
    },
    {
        type: "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun",
        name: "trainer-run",
        parent: "trainer",
        dependsOn: ["trainer-vm", "trainer-saved-results"],
        inputs: {
            __provider: "source text",
            bucket: BUCKET,
            runId: RUN_ID,
            stack: "dev",
            resultsDir: "models",
            saveCheckpoints: false,
            instance: VM,
            wait: true,
            maxAttempts: 3,
            debugMinutes: 0,
            externalIp: false,
            privateSubnetwork: false,
            provenance: {
                datasetUri: DATASET_URI,
                datasetMd5: "Apjxrd3saT41qL0LO0Q5Fw==",
                datasetCrc32c: "aGVsbG8=",
                datasetGeneration: "1700000000000001",
                imageDigest: IMAGE_DIGEST,
                hyperparameters: {},
                target: "Species",
                dropColumns: [],
                env: [],
                machineType: "e2-standard-2",
                provisioning: "standard",
                runName: "",
            },
        },
        free: ["project", "zone"],
    },
];
